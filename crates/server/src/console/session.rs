//! Sessions of browsers: in memory, bounded in number and time. A session holds no secret: only which access key was proven, which every
//! call looks up again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use coffer_base::{Rng as _, Timestamp};
use coffer_cloud::auth::Login;
use coffer_crypto::{SystemRng, digest};

/// Most sessions, and most of one access key; beyond either the one that was longest unused ends.
const SESSIONS: usize = 1024;
const SESSIONS_OF_A_KEY: usize = 16;
/// How long a session lasts, and how long it may lie unused.
pub(super) const LIFE_S: i64 = 12 * 60 * 60;
const IDLE_MS: i64 = 30 * 60 * 1000;

/// Under what a session is found: the hash of its token, so that the time a search takes tells nothing of any token.
type Place = [u8; 32];

/// Who has signed in.
#[derive(Clone)]
pub(super) struct Identity {
    /// The credential that was proven.
    pub(super) login: Login,
    /// The account.
    pub(super) account: String,
    /// The caller's ARN.
    pub(super) arn: String,
}

/// A session as a request sees it.
#[derive(Clone)]
pub(super) struct Session {
    /// Whose it is.
    pub(super) identity: Identity,
    /// What every form must bring along.
    pub(super) csrf: String,
    place: Place,
}

struct Kept {
    session: Session,
    notice: Option<String>,
    began: Timestamp,
    used: Timestamp,
}

impl Kept {
    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.began.plus_ms(LIFE_S * 1000) || now >= self.used.plus_ms(IDLE_MS)
    }
}

/// All of them.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<Place, Kept>>);

/// 256 random bits in hexadecimal.
pub(super) fn random_token() -> String {
    let mut bytes = [0u8; 32];
    SystemRng.fill(&mut bytes);
    digest::hex(&bytes)
}

impl Sessions {
    fn kept(&self) -> MutexGuard<'_, HashMap<Place, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins one; the token that stands for it.
    pub(super) fn begin(&self, identity: Identity, now: Timestamp) -> String {
        let token = random_token();
        let place = digest::sha256(token.as_bytes());
        let mut kept = self.kept();
        kept.retain(|_, kept| !kept.is_over(now));
        let of_key = |kept: &Kept| kept.session.identity.login.access_key_id == identity.login.access_key_id;
        if kept.values().filter(|kept| of_key(kept)).count() >= SESSIONS_OF_A_KEY {
            end_longest_unused(&mut kept, of_key);
        }
        if kept.len() >= SESSIONS {
            end_longest_unused(&mut kept, |_| true);
        }
        let session = Session { identity, csrf: random_token(), place };
        kept.insert(place, Kept { session, notice: None, began: now, used: now });
        token
    }

    /// The session of a token. `uses`: whether a person asks; what a page asks by itself does not keep a session alive.
    pub(super) fn find(&self, token: &str, now: Timestamp, uses: bool) -> Option<Session> {
        let mut kept = self.kept();
        let place = digest::sha256(token.as_bytes());
        if kept.get(&place)?.is_over(now) {
            kept.remove(&place);
            return None;
        }
        let found = kept.get_mut(&place)?;
        if uses {
            found.used = now;
        }
        Some(found.session.clone())
    }

    /// Ends one.
    pub(super) fn end(&self, session: &Session) {
        self.kept().remove(&session.place);
    }

    /// Leaves word for the next page of a session.
    pub(super) fn leave(&self, session: &Session, notice: String) {
        if let Some(kept) = self.kept().get_mut(&session.place) {
            kept.notice = Some(notice);
        }
    }

    /// What was left.
    pub(super) fn take_notice(&self, session: &Session) -> Option<String> {
        self.kept().get_mut(&session.place)?.notice.take()
    }
}

fn end_longest_unused(kept: &mut HashMap<Place, Kept>, among: impl Fn(&Kept) -> bool) {
    let unused = kept.iter().filter(|(_, kept)| among(kept)).min_by_key(|(_, kept)| kept.used);
    if let Some(place) = unused.map(|(place, _)| *place) {
        kept.remove(&place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: &str) -> Identity {
        let login = Login { access_key_id: key.to_owned(), security_token: None };
        Identity { login, account: "1".to_owned(), arn: "a".to_owned() }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    #[test]
    fn a_session_is_over_when_it_lay_unused_or_is_old_however_much_it_was_used() {
        let sessions = Sessions::default();
        let token = sessions.begin(of("k"), at(0));
        assert!(sessions.find("other", at(0), true).is_none());
        assert!(sessions.find(&token, at(IDLE_MS - 1), false).is_some(), "looked at by the page itself");
        assert!(sessions.find(&token, at(IDLE_MS), true).is_none());
        let token = sessions.begin(of("k"), at(0));
        let mut now = 0;
        while now < LIFE_S * 1000 - 1 {
            assert!(sessions.find(&token, at(now), true).is_some(), "{now}");
            now += IDLE_MS - 1;
        }
        assert!(sessions.find(&token, at(LIFE_S * 1000), true).is_none());
    }

    #[test]
    fn there_are_so_many_sessions_of_a_key_and_so_many_in_all() {
        let sessions = Sessions::default();
        let tokens: Vec<_> = (0..).take(SESSIONS_OF_A_KEY + 1).map(|ms| sessions.begin(of("k"), at(ms))).collect();
        assert!(sessions.find(&tokens[0], at(100), true).is_none());
        assert!(sessions.find(&tokens[1], at(100), true).is_some());
        for n in 0..SESSIONS {
            sessions.begin(of(&n.to_string()), at(200));
        }
        assert_eq!(sessions.kept().len(), SESSIONS);
        assert!(tokens.iter().all(|token| sessions.find(token, at(200), true).is_none()));
    }

    #[test]
    fn what_is_left_for_a_session_is_taken_once_and_ends_with_it() {
        let sessions = Sessions::default();
        let token = sessions.begin(of("k"), at(0));
        let session = sessions.find(&token, at(0), true).unwrap();
        sessions.leave(&session, "done".to_owned());
        assert_eq!(sessions.take_notice(&session).as_deref(), Some("done"));
        assert_eq!(sessions.take_notice(&session), None);
        sessions.end(&session);
        assert!(sessions.find(&token, at(0), true).is_none());
    }
}
