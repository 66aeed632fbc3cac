//! Pure decisions: is a password strong enough, how long does an account wait, which step does a code name.

use crate::{
    clock::Timestamp,
    config::Signin,
    error::{Error, Result},
};
use std::time::Duration;
use unicode_normalization::UnicodeNormalization as _;
use zxcvbn::matching::patterns::MatchPattern;

/// An account never waits longer than this.
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// After so long without a miss, earlier ones are forgotten. (Whoever guesses gains nothing by waiting for it: the
/// longest wait alone leaves more tries a day.)
pub const FORGET: Duration = Duration::from_hours(24);
/// The most that is hashed, bytes.
const LONGEST: usize = 512;

/// One text for all ways to type it: accents as one character or as two are the same password.
pub fn normal(password: &str) -> String {
    password.nfc().collect()
}

/// Refuses a password that is short, common, could be guessed, or is made of what everybody knows of the person; nothing
/// else is asked of it. `second`: whether there is a second factor, with which a shorter one does. Says whether it is long
/// enough without.
///
/// # Errors
/// [`crate::error::Kind::Invalid`], saying which rule it is and what would help.
pub fn strong(password: &str, known: &[&str], settings: &Signin, second: bool) -> Result<bool> {
    let bad = |text: String| Err(Error::invalid(text).attr("password").code("weak_password"));
    let password = normal(password);
    if password.contains('\0') || password.len() > LONGEST {
        return bad(format!("a password has at most {LONGEST} bytes and no NUL character"));
    }
    let (length, least) = (password.chars().count(), settings.least(second));
    if length < least {
        let why = if second { "" } else { " where there is no second factor" };
        return bad(format!(
            "a password has at least {least} characters{why}, and this one has {length}; a few words more make it long"
        ));
    }
    let mut rest = crate::text::fold(&password);
    for part in known.iter().filter(|k| k.chars().count() > 3) {
        rest = rest.replace(&crate::text::fold(part), "");
    }
    if rest.chars().count() < least / 2 {
        return bad(
            "the password is made of what everybody knows: names, the address, the company; take words that have nothing \
             to do with you"
                .to_owned(),
        );
    }
    // Only the beginning is judged: the cost of judging grows faster than the text.
    let beginning: String = password.chars().take(72).collect();
    let judged = zxcvbn::zxcvbn(&beginning, known);
    if let [one] = judged.sequence()
        && matches!(one.pattern, MatchPattern::Dictionary(_))
    {
        return bad(
            "the password is one of those that are tried first; take several words that have nothing to do with each other"
                .to_owned(),
        );
    }
    if u8::from(judged.score()) >= settings.password_strength {
        return Ok(length >= settings.least(false));
    }
    let feedback = judged.feedback();
    let mut text = "the password could be guessed".to_owned();
    if let Some(warning) = feedback.and_then(zxcvbn::feedback::Feedback::warning) {
        text = format!("{text}: {}", warning.to_string().trim_end_matches('.'));
    }
    for s in feedback.map(zxcvbn::feedback::Feedback::suggestions).unwrap_or_default() {
        text = format!("{text}. {}", s.to_string().trim_end_matches('.'));
    }
    bad(text)
}

/// After one more miss: how many there are now, and until when the account waits.
pub fn missed(failures: i64, now: Timestamp, settings: &Signin) -> (i64, Option<Timestamp>) {
    let failures = failures.saturating_add(1);
    let over = failures - i64::from(settings.failures.max(1));
    let Ok(doubled) = u32::try_from(over) else { return (failures, None) };
    let wait = settings.lockout.saturating_mul(1 << doubled.min(16));
    (failures, Some(now.plus(wait.min(LONGEST_WAIT))))
}

/// Whole seconds until `until`, at least one; `None` if it is over.
pub fn wait(until: Option<Timestamp>, now: Timestamp) -> Option<u32> {
    let left = until.filter(|u| *u > now)?.since(now);
    Some(u32::try_from(left.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
}

/// The digits of a code, as people type them: spaces and hyphens do not count.
pub fn digits(code: &str) -> Option<String> {
    let d: String = code.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}')).collect();
    (d.len() == 6 && d.bytes().all(|b| b.is_ascii_digit())).then_some(d)
}
