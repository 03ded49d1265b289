//! The mailbox at `/dev/mail`: what the shop has written lately, as JSON for programs and as a page for
//! people. Mails are personal: it must only be shown to the machine it runs on, which whoever mounts it
//! sees to.

use askama::Template;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use serde::Serialize;
use techtrove_core::{EmailAddress, Problem, Timestamp};
use techtrove_http::{HttpError, accepted_types};
use techtrove_notifications_api::NotificationId;

use crate::{
    app::{self, App, ReadableMail},
    error::Error,
};

/// How many mails are read from the store at once.
const PAGE: u32 = 100;

/// How many such pages the list has at most: the newest 10,000 mails.
const MOST_PAGES: usize = 100;

/// How many mails the page for people shows.
const SHOWN: u32 = 50;

/// The mailbox's routes.
pub(crate) fn mailbox(app: App) -> Router {
    Router::new().route("/dev/mail", get(show)).with_state(app)
}

/// One mail of the list.
#[derive(Serialize)]
struct MailBody<'a> {
    id: NotificationId,
    to: [&'a EmailAddress; 1],
    subject: &'a str,
    text: &'a str,
    html: &'a str,
    sent_at: Timestamp,
}

impl<'a> From<&'a ReadableMail> for MailBody<'a> {
    fn from(ReadableMail { record, content }: &'a ReadableMail) -> Self {
        Self {
            id: record.id,
            to: [&record.recipient.email],
            subject: &content.subject,
            text: &content.text,
            html: &content.html,
            sent_at: record.sent_at.unwrap_or(record.created_at),
        }
    }
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxPage {
    mails: Vec<ReadableMail>,
}

async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, HttpError> {
    if wants_json(&headers) { list(app).await } else { page(app).await }
}

/// Whether JSON is asked for by name, and no less than a page is (RFC 9110, 12.5.1).
fn wants_json(headers: &HeaderMap) -> bool {
    let json = weight(headers, "application/json");
    json > 0 && json >= weight(headers, "text/html")
}

/// How much `wanted` is asked for by name, in thousandths; 0 when it is not, or is refused.
fn weight(headers: &HeaderMap, wanted: &str) -> u16 {
    let named = accepted_types(headers).filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
    named.map(|(_, weight)| weight).max().unwrap_or(0)
}

/// The list as JSON, newest first; read and sent page by page, so that it may be long.
async fn list(app: App) -> Result<Response, HttpError> {
    let first = app::list_mailbox(&app, None, PAGE).await.map_err(Problem::from)?;
    let mails = pages(app, first).take(MOST_PAGES).map_ok(|mails| Bytes::from(as_members(&mails)));
    let mut separator = "";
    let members = mails.map_ok(move |bytes| {
        let separated =
            if bytes.is_empty() { bytes } else { [separator.as_bytes(), &bytes].concat().into() };
        separator = ",";
        separated
    });
    let edge = |text: &'static str| stream::iter([Ok(Bytes::from_static(text.as_bytes()))]);
    let body = Body::from_stream(edge("[").chain(members).chain(edge("]")));
    let json = HeaderValue::from_static("application/json");
    let no_store = HeaderValue::from_static("no-store");
    Ok(([(header::CONTENT_TYPE, json), (header::CACHE_CONTROL, no_store)], body).into_response())
}

/// The page that was read, and those behind it.
fn pages(
    app: App,
    first: Vec<ReadableMail>,
) -> impl Stream<Item = Result<Vec<ReadableMail>, Error>> {
    let next = |(app, page): (App, Option<Vec<ReadableMail>>)| async move {
        let Some(page) = page else { return Ok(None) };
        let full = u32::try_from(page.len()).is_ok_and(|found| found >= PAGE);
        let behind = match page.last().filter(|_| full) {
            Some(last) => Some(app::list_mailbox(&app, Some(last.record.id), PAGE).await?),
            None => None,
        };
        Ok(Some((page, (app, behind))))
    };
    stream::try_unfold((app, Some(first)), next)
}

/// The mails as members of a JSON array.
fn as_members(mails: &[ReadableMail]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for mail in mails {
        if !bytes.is_empty() {
            bytes.push(b',');
        }
        // Texts and times always make JSON, and a Vec takes every byte.
        serde_json::to_writer(&mut bytes, &MailBody::from(mail)).unwrap_or_default();
    }
    bytes
}

/// The list as a page. Each mail is shown in a frame that may run and load nothing.
async fn page(app: App) -> Result<Response, HttpError> {
    let mails = app::list_mailbox(&app, None, SHOWN).await.map_err(Problem::from)?;
    let page = MailboxPage { mails }.render().map_err(Problem::internal)?;
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'";
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Html(page)).into_response())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair =
            |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn programs_ask_for_json() {
        assert!(wants_json(&headers(&[("accept", "application/json")])));
        assert!(wants_json(&headers(&[("accept", "text/html;q=0.5, Application/JSON;q=0.9")])));
        assert!(wants_json(&headers(&[("accept", "application/json;charset=utf-8")])));
        assert!(!wants_json(&headers(&[("accept", "text/html,*/*")])));
        assert!(!wants_json(&headers(&[("accept", "application/json;q=0")])));
        assert!(!wants_json(&headers(&[("accept", "application/json; Q=0.000, text/html")])));
        assert!(!wants_json(&headers(&[("accept", "text/html, application/json;q=0.1")])));
        assert!(!wants_json(&headers(&[])));
    }
}
