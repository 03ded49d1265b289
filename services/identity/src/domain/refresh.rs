//! Refresh tokens are secrets that are good for one use. Presenting a spent one means that it was copied:
//! the whole session ends (RFC 9700, 4.14.2).

use techtrove_core::Timestamp;

/// What is known of a presented token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentedToken {
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it was used before.
    pub spent: bool,
    /// Whether its session has ended.
    pub session_ended: bool,
}

/// What a presented token leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A new pair of tokens.
    Renew,
    /// Nothing.
    Refuse,
    /// Nothing, and the session ends, since somebody else has the token too.
    EndSession,
}

/// Judges a presented token at `now`.
#[must_use]
pub fn judge(token: PresentedToken, now: Timestamp) -> Verdict {
    match token {
        PresentedToken { session_ended: true, .. } => Verdict::Refuse,
        PresentedToken { spent: true, .. } => Verdict::EndSession,
        PresentedToken { expires_at, .. } if expires_at <= now => Verdict::Refuse,
        PresentedToken { .. } => Verdict::Renew,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_renews_once_and_a_copy_ends_the_session() {
        let now = Timestamp::from_micros(1_000_000);
        let later = Timestamp::from_micros(2_000_000);
        let token = PresentedToken { expires_at: later, spent: false, session_ended: false };

        assert_eq!(judge(token, now), Verdict::Renew);
        assert_eq!(judge(token, later), Verdict::Refuse);
        assert_eq!(judge(PresentedToken { spent: true, ..token }, now), Verdict::EndSession);
        assert_eq!(judge(PresentedToken { session_ended: true, ..token }, now), Verdict::Refuse);
    }
}
