//! Whose request this is: the peer's address, or behind a trusted proxy the one it reports. A header
//! from anybody else must never be believed, or a client could choose its own address.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::extract::{ConnectInfo, Request};
use http::HeaderMap;
use ipnet::IpNet;
use techtrove_http::ClientAddress;

/// The networks whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// The text is no list of networks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an address or network: {0:?} (write them like 10.0.0.0/8,192.0.2.7)")]
pub struct InvalidProxies(String);

impl FromStr for TrustedProxies {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let network = |part: &str| {
            let single = part.parse::<IpAddr>().map(IpNet::from);
            single.or_else(|_| part.parse()).map_err(|_| InvalidProxies(part.to_owned()))
        };
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The nearest address that is not a trusted proxy's own, read from the end of the list that the
    /// proxies wrote.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let lists =
            headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
        let mut nearest = peer;
        for hop in hops.into_iter().rev() {
            let Ok(address) = hop.parse::<IpAddr>() else { break };
            nearest = address.to_canonical();
            if !self.trusts(nearest) {
                break;
            }
        }
        nearest
    }

    /// Puts the client's address into the request's extensions.
    pub(crate) fn note_client(&self, request: &mut Request) {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        if let Some(peer) = peer {
            let client = self.client(peer.to_canonical(), request.headers());
            request.extensions_mut().insert(ClientAddress(client));
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &[&str]) -> String {
        let proxies: TrustedProxies = trusted.parse().expect("networks");
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).expect("a value"));
        }
        proxies.client(peer.parse().expect("an address"), &headers).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_its_address() {
        assert_eq!(client("", "203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
        assert_eq!(client("10.0.0.0/8", "203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
    }

    #[test]
    fn the_nearest_untrusted_hop_is_the_client() {
        let trusted = "10.0.0.0/8,2001:db8::1";

        assert_eq!(
            client(trusted, "10.0.0.1", &["6.6.6.6, 198.51.100.7, 10.1.2.3"]),
            "198.51.100.7"
        );
        assert_eq!(client(trusted, "2001:db8::1", &["6.6.6.6", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(client(trusted, "10.0.0.1", &["nonsense, 10.1.2.3"]), "10.1.2.3");
        assert_eq!(client(trusted, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn nonsense_is_no_network() {
        assert!("10.0.0.0/8, everybody".parse::<TrustedProxies>().is_err());
    }
}
