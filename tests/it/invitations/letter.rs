//! The letter's words: names are others', so they may hold anything; the link is ours, and the only one.

use super::{invite, letters, setting, smtp, waiting, with_mail};
use crate::{pure, story};
use muster::{
    clock::Timestamp,
    id::{InvitationId, TenantId, UserId},
    invitations::{self, Invitation, LOCALES, Looks},
    mail::{As, Letter},
    store::J,
};
use serde_json::json;

const LINK: &str = "https://muster.example/invite/mst_inv_x";

fn letter(company: &str, inviter: &str) -> Letter {
    written(company, inviter, None, &Looks::default()).0
}

fn written(company: &str, inviter: &str, locale: Option<&str>, looks: &Looks) -> (Letter, As) {
    let now = Timestamp::from_secs(1_800_000_000);
    let invitation = Invitation {
        tenant_id: TenantId::new(),
        id: InvitationId::new(),
        user_id: UserId::new(),
        email: "bert@contoso.example".to_owned(),
        plan: J(Vec::new()),
        invited_by: inviter.to_owned(),
        invited_by_tenant: None,
        invited_by_user: None,
        created_at: now,
        expires_at: now,
        sent_at: None,
        accepted_at: None,
        accepted_by: None,
        left_out: None,
        revoked_at: None,
        failed_at: None,
        failed: None,
        failed_message: None,
        failed_reply: None,
        asked_at: None,
        locale: locale.map(str::to_owned),
        user_email: Some("bert@contoso.example".to_owned()),
        user_live: true,
        inviter_live: true,
        company_live: true,
        way_in: false,
    };
    invitations::render(("Muster", company), looks, &invitation, LINK, "id").expect("a letter")
}

pure! {
    fn a_letter_says_who_invites_where_and_until_when() {
        let l = letter("Contoso AG", "Ada Lovelace");
        assert_eq!(l.to, "bert@contoso.example");
        for part in [&l.text, &l.html] {
            for words in ["Ada Lovelace", "Contoso AG", LINK, "15 January 2027, 08:00 UTC"] {
                assert!(part.contains(words), "{words}: {part}");
            }
        }
        assert!(l.subject.contains("Contoso AG"), "{}", l.subject);
    }
}

pure! {
    fn names_bring_no_lines_no_markup_and_no_links() {
        for evil in [
            "Contoso\r\nBcc: all@evil.example",
            "<a href=\"https://evil.example\">x</a>",
            "https://evil.example/login",
            "Your account is locked, see evil.example/login",
            "WWW.evil.example",
            "HTTP://evil.example",
            "mailto:eve@evil.example",
            "x\u{202e}elpmaxe.live//:sptth",
            "evil\u{200b}.example evil.\u{2060}example",
        ] {
            for l in [letter(evil, "Ada"), letter("Contoso", evil)] {
                assert!(!l.subject.contains(['\r', '\n']), "{:?}", l.subject);
                for part in [&l.text, &l.html] {
                    let rest = part.replace(LINK, "");
                    assert!(!rest.contains("evil.example"), "{evil:?}: {rest}");
                    assert!(!rest.contains("://"), "{evil:?}: {rest}");
                    assert!(!rest.contains(['\u{202e}', '\u{200b}', '\u{2060}']), "{evil:?}: {rest}");
                    assert!(!rest.to_lowercase().contains("www."), "{evil:?}: {rest}");
                }
                assert!(!l.html.contains("<a href=\"http") || l.html.matches("<a ").count() == 1);
                assert_eq!(l.html.matches("<a ").count(), 1, "{}", l.html);
            }
        }
        let long = letter(&"x".repeat(500), &"y".repeat(500));
        assert!(long.subject.chars().count() < 150 && !long.text.contains(&"x".repeat(61)));
        assert!(letter(" \n ", "\u{200b}").text.contains("An administrator invites you to your company"));
    }
}

story!(async fn handed_over_twice_a_letter_leaves_once(t) {
    // Nothing listens at first, so the message waits in the outbox.
    let s = with_mail(&t, 1).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let (port, got) = smtp(0).await;
    let (message, sender) = waiting(&s, &made, port).await;
    for _ in 0..2 {
        invitations::deliver(sender.clone(), s.app.system(), message.clone()).await.unwrap();
    }
    assert_eq!(letters(&got, 1).await.len(), 1);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(got.lock().await.len(), 1, "a letter that left does not leave again");
});

pure! {
    fn each_language_says_all_of_it() {
        let fields = |file: &str| -> Vec<(String, Vec<String>)> {
            fn each(at: &str, v: &toml::Value, out: &mut Vec<(String, Vec<String>)>) {
                match v {
                    toml::Value::Table(all) => all.iter().for_each(|(k, v)| each(&format!("{at}.{k}"), v, out)),
                    toml::Value::String(text) => {
                        let mut names: Vec<String> =
                            text.split('{').skip(1).filter_map(|p| Some(p.split_once('}')?.0.to_owned())).collect();
                        names.sort();
                        assert!(!text.trim().is_empty(), "{at}");
                        out.push((at.to_owned(), names));
                    }
                    other => assert!(other.as_array().is_some_and(|a| a.len() == 12), "{at}: {other}"),
                }
            }
            let mut out = Vec::new();
            each("", &toml::from_str(file).unwrap(), &mut out);
            out.sort();
            out
        };
        let english = fields(LOCALES[0].1);
        assert_eq!(LOCALES[0].0, "en");
        for (name, file) in LOCALES {
            assert_eq!(fields(file), english, "{name}");
            let (l, _) = written("Contoso AG", "Ada {brand}", Some(name), &Looks::default());
            assert!(l.html.contains(&format!("<html lang=\"{name}\">")), "{}", l.html);
            for part in [&l.text, &l.html, &l.subject] {
                let rest = part.replace("Ada {brand}", "");
                assert!(!rest.contains(['{', '}']), "{name}: {rest}");
            }
            assert!(l.text.contains("Contoso AG") && l.text.contains("Ada {brand}") && l.text.contains(LINK));
        }
    }
}

pure! {
    fn a_letter_is_in_the_invitations_language_or_the_tenants_or_english() {
        let of = |locale: Option<&str>, tenant: Option<&str>| {
            let looks = Looks { locale: tenant.map(str::to_owned), ..Looks::default() };
            written("Contoso", "Ada", locale, &looks).0
        };
        let german = |l: &Letter| l.subject.starts_with("Ihre Einladung") && l.text.contains("15. Januar 2027, 08:00 Uhr UTC");
        let english = |l: &Letter| l.subject.starts_with("Your invitation") && l.text.contains("15 January 2027, 08:00 UTC");
        assert!(english(&of(None, None)) && german(&of(None, Some("de"))) && german(&of(Some("de"), None)));
        assert!(english(&of(Some("en"), Some("de"))) && german(&of(Some("de"), Some("en"))));
        assert!(english(&of(Some("xx"), None)) && german(&of(Some("xx"), Some("de"))));
    }
}

pure! {
    fn who_has_no_name_is_called_so_in_the_letters_own_language() {
        for inviter in ["The administrator", "An administrator", ""] {
            let german = written("Contoso AG", inviter, Some("de"), &Looks::default()).0;
            assert!(german.text.contains("Die Verwaltung lädt Sie auf Muster ein"), "{}", german.text);
            assert!(!german.text.contains("administrator"), "{}", german.text);
            assert!(letter("Contoso AG", inviter).text.contains("An administrator invites you"));
        }
    }
}

story!(async fn the_page_of_an_invitation_speaks_its_language(t) {
    let s = setting(&t).await;
    let german = json!({"email": "bert@contoso.example", "by_hand": true, "locale": "de", "roles": [{"role": "Read-Only"}]});
    let english = json!({"email": "carl@contoso.example", "by_hand": true});
    let page = async |body: serde_json::Value| {
        let made = s.post("/api/v1/tenants/contoso/invitations", body).await.expect(201).json();
        assert_eq!(made["invited_by"], made["invited_by_name"]);
        let names: Vec<_> = made["roles"].as_array().unwrap().iter().map(|r| r["role_name"].clone()).collect();
        (names, s.browser().get(made["link"].as_str().unwrap()).await.expect(200).text)
    };
    let (names, text) = page(german).await;
    assert_eq!(names, ["Read-Only"]);
    for words in ["<html lang=\"de\">", "Die Verwaltung</strong> lädt", "Einladung annehmen", "Was Sie damit tun können", "kann einmal angenommen werden"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    for words in ["administrator", "invites", "Accept", "can be accepted"] {
        assert!(!text.contains(words), "{words}: {text}");
    }
    let (_, text) = page(english).await;
    for words in ["<html lang=\"en\">", "An administrator</strong> invites", "Accept the invitation", "It can be accepted once, until"] {
        assert!(text.contains(words), "{words}: {text}");
    }
});
