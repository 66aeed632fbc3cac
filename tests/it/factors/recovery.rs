//! Recovery codes: once, in the place of the second factor, in a session that is short and sets up another.

use super::{code, codes, make, offered, shown, until_second, with_code};
use crate::{
    passkeys::{self, me, person, setting, told},
    story,
    support::authenticator::Authenticator,
};
use futures::future::join_all;
use muster::{sql, store::Scope};
use serde_json::json;
use std::time::Duration;

story! {
    async fn a_recovery_code_counts_once_and_its_owner_is_told(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let app = code(&s, &anna).await;
        let browser = s.browser();
        with_code(&browser, "anna", &shown(&app, 0)).await;
        assert!(browser.get("/me/factors").await.expect(200).text.contains("You have none. They let you in"));
        let codes = make(&browser).await;
        assert_eq!(codes.len(), 10);
        assert!(codes.iter().all(|c| c.len() == 19), "{codes:?}");
        let page = browser.get("/me/factors").await.expect(200).text;
        assert!(page.contains("You have 10 that are not used") && !page.contains(&codes[0]), "shown once");
        // Stored as something else than itself.
        let mut c = s.app.store.read(Scope::Platform).await.unwrap();
        let hashes = sql!(c, all<String>, "SELECT hash FROM recovery_codes").unwrap();
        assert_eq!(hashes.len(), 10);
        assert!(hashes.iter().all(|h| !codes.contains(h)));
        drop(c);
        // Of many at once one is let in.
        let browsers: Vec<_> = (0..6).map(|_| s.browser()).collect();
        let mut flows = Vec::new();
        for b in &browsers {
            flows.push(until_second(b, "anna").await);
        }
        let typed = [("recovery_code", codes[3].to_uppercase().replace('-', " "))];
        let typed: Vec<(&str, &str)> = typed.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let all = browsers.iter().zip(&flows).map(|(b, f)| {
            let (path, typed) = (format!("{f}/recovery"), typed.clone());
            async move { b.form(&path, &typed).await.status.as_u16() }
        });
        let mut all = join_all(all).await;
        all.sort_unstable();
        assert_eq!(all.iter().filter(|s| **s == 303).count(), 1, "{all:?}");
        let letters = told(&s).await;
        let told = |what| letters.iter().filter(|l| l["what"] == what).count();
        assert_eq!((told(json!({"recovery_used": 9})), told(json!("recovery_made"))), (1, 1));
        let log = s.get("/api/v1/tenants/contoso/audit").await.expect(200).text;
        assert!(log.contains("recovery_code.use") && log.contains("recovery_codes.set"), "{log}");
        // A new set is all that counts.
        let again = make(&browser).await;
        let other = s.browser();
        let flow = until_second(&other, "anna").await;
        // Six at once have made her wait; a new code of hers does not.
        let no = other.form(&format!("{flow}/recovery"), &[("recovery_code", &codes[5])]).await.expect(200);
        assert!(no.text.contains("id=\"problem\""));
        assert_eq!(again.len(), 10);
    }
}

story! {
    async fn the_session_is_short_and_sets_up_something_new(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let grant = json!({ "user": anna.rsplit('/').next().unwrap(), "role": "Tenant Administrator" });
        s.post("/api/v1/tenants/contoso/grants", grant).await.expect(201);
        let lost = code(&s, &anna).await;
        let browser = s.browser();
        with_code(&browser, "anna", &shown(&lost, 0)).await;
        let codes = make(&browser).await;
        let other = s.browser();
        let flow = until_second(&other, "anna").await;
        let page = other.get(&flow).await.expect(200).text;
        assert!(page.contains("id=\"recovery-form\"") && page.contains("id=\"code-form\""), "{page}");
        other.form(&format!("{flow}/recovery"), &[("recovery_code", &codes[0])]).await.expect(303);
        assert_eq!(other.get(&flow).await.expect(303).header("location"), "/me/factors");
        let sessions = s.get(&format!("{anna}/sessions")).await.expect(200).json();
        let at = |x: &serde_json::Value, f: &str| {
            muster::clock::Timestamp::parse_rfc3339(x[f].as_str().unwrap()).unwrap()
        };
        let short = &sessions["items"][0];
        let life = at(short, "expires_at").since(at(short, "created_at"));
        assert!(life <= Duration::from_secs(30 * 60), "{sessions}");
        assert_eq!(short["class"], "mfa");
        // The app that was lost is replaced, by what the new one shows.
        let page = other.form("/me/factors/code", &[]).await.expect(200).text;
        let (new, id) = offered(&page);
        let wrong = [("ceremony", id.as_str()), ("code", "000000")];
        let page = other.form("/me/factors/code/prove", &wrong).await.expect(200).text;
        let (same, id) = offered(&page);
        assert_eq!(new, same, "the picture stays");
        let right = shown(&new, 0);
        let right = [("ceremony", id.as_str()), ("code", right.as_str())];
        other.form("/me/factors/code/prove", &right).await.expect(303);
        other.form("/me/factors/code/prove", &right).await.expect(409);
        let third = s.browser();
        let flow = until_second(&third, "anna").await;
        third.form(&format!("{flow}/code"), &[("code", &shown(&lost, 1))]).await.expect(200);
        third.form(&format!("{flow}/code"), &[("code", &shown(&new, 1))]).await.expect(303);
        assert_eq!(me(&third).await, 200);
        // It is what her role demands, and does not go.
        let no = third.form("/me/factors/code/remove", &[]).await.expect(409).text;
        assert!(no.contains("could not sign in any more"), "{no}");
    }
}

story! {
    async fn a_recovery_code_is_nothing_without_the_password(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let app = code(&s, &anna).await;
        let browser = s.browser();
        with_code(&browser, "anna", &shown(&app, 0)).await;
        let codes = make(&browser).await;
        let other = s.browser();
        let flow = other.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
        let back = other.form(&format!("{flow}/recovery"), &[("recovery_code", &codes[0])]).await.expect(303);
        assert_eq!((back.header("location"), me(&other).await), (flow.as_str(), 401));
        // Guesses are counted by themselves: the code is still taken, and a wrong one opens no tries of these.
        let flow = until_second(&other, "anna").await;
        for n in 0..s.app.config.signin.failures {
            let guess = format!("aaaa-bbbb-cccc-{n:04}");
            other.form(&format!("{flow}/recovery"), &[("recovery_code", &guess)]).await.expect(200);
        }
        let no = other.form(&format!("{flow}/recovery"), &[("recovery_code", &codes[0])]).await.expect(200).text;
        assert!(no.contains("Too many wrong attempts"), "{no}");
        other.form(&format!("{flow}/code"), &[("code", &shown(&app, 1))]).await.expect(303);
        assert_eq!(me(&other).await, 200);
        let all = s.get("/api/v1/tenants/contoso/signins?bad=true").await.expect(200).text;
        assert!(all.contains("recovery_code_wrong"), "{all}");
    }
}

story! {
    async fn codes_are_shown_once_and_loading_their_page_again_makes_no_others(t) {
        let (s, contoso) = setting(&t).await;
        person(&s, contoso, "anna").await;
        let b = s.browser();
        passkeys::with_password(&b, "anna").await;
        let page = b.get("/me/factors").await.expect(200).text;
        assert!(!page.contains("make-recovery-codes"), "they would be in the place of nothing: {page}");
        b.form("/me/factors/recovery-codes", &[]).await.expect(409);
        // Beside the first factor they are made at once, though the session has not shown it.
        passkeys::make(&b, &mut Authenticator::at(&s.url)).await;
        let page = b.get("/me/factors").await.expect(200).text;
        assert!(page.contains("make-recovery-codes") && page.contains("It still signs you in alone"), "{page}");
        let to = b.form("/me/factors/recovery-codes", &[]).await.expect(303).header("location").to_owned();
        s.browser().get(&to).await.expect(401);
        let all = codes(&b.get(&to).await.expect(200).text);
        assert_eq!(all.len(), 10);
        assert_eq!(b.get(&to).await.expect(303).header("location"), "/me/factors?done=shown");
        let mut c = s.app.store.read(Scope::Platform).await.unwrap();
        let set = sql!(c, one<i64>, "SELECT count(*) FROM audit_events WHERE action = 'recovery_codes.set'").unwrap();
        assert_eq!(set, 1);
        drop(c);
        // A second set takes the proof that its owner has by now.
        b.form("/me/factors/recovery-codes", &[]).await.expect(409);
    }
}
