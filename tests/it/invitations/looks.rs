//! How a tenant's letters look, and what it may not make of them.

use super::{invite, letters, setting, smtp, with_mail};
use crate::story;
use reqwest::Method;
use serde_json::{Value, json};

const LETTERS: &str = "/api/v1/tenants/contoso/letters";

story!(async fn letters_are_from_the_tenants_name_at_the_platforms_address(t) {
    let (port, got) = smtp(0).await;
    let s = with_mail(&t, port).await;
    s.tenant("fabrikam").await;
    let nothing = s.get(LETTERS).await.expect(200).json();
    assert!(nothing.as_object().unwrap().values().all(Value::is_null), "{nothing}");
    s.post("/api/v1/domains", json!({ "domain": "contoso.example", "tenant": "contoso" })).await.expect(201);
    let looks = json!({
        "display_name": " Contoso IT ", "reply_to": "help@contoso.example", "colour": "#7A1F5F", "locale": "de",
    });
    let set = s.put(LETTERS, looks).await.expect(200).json();
    let kept = json!({
        "display_name": "Contoso IT", "reply_to": "help@contoso.example", "colour": "#7a1f5f", "locale": "de",
    });
    assert_eq!(set, kept);
    assert_eq!(s.get(LETTERS).await.expect(200).json(), kept);
    s.put(LETTERS, kept.clone()).await.expect(200);
    let trail = s.get("/api/v1/tenants/contoso/audit").await.expect(200).json();
    let set: Vec<&Value> = trail["items"].as_array().unwrap().iter().filter(|e| e["action"] == "letters.set").collect();
    assert_eq!((set.len(), &set[0]["detail"]["to"]), (1, &kept), "what changes nothing is no event");
    invite(&s, "contoso", json!({ "email": "anna@x.example" })).await;
    let letter = letters(&got, 1).await.remove(0);
    // Of a name with what is not ASCII, mail has an encoded word.
    let from = letter.split("From: ").nth(1).unwrap().split('>').next().unwrap();
    assert!(from.contains("=?utf-8?b?") && from.ends_with("<no-reply@muster.example"), "{letter}");
    assert!(letter.contains("Reply-To: help@contoso.example"), "{letter}");
    let text = letter.replace("=\n", "");
    assert!(text.contains("Uhr UTC") && text.contains("background:#7a1f5f"), "{letter}");
    // An invitation may have a language of its own, and another company's look as the platform says.
    invite(&s, "contoso", json!({ "email": "bert@x.example", "locale": "en" })).await;
    let letter = letters(&got, 2).await.remove(1);
    assert!(letter.contains("Hello,") && letter.contains("help@contoso.example"), "{letter}");
    invite(&s, "fabrikam", json!({ "email": "carl@x.example" })).await;
    let letter = letters(&got, 3).await.remove(2);
    assert!(letter.contains("From: Muster <no-reply@muster.example>") && !letter.contains("Reply-To"), "{letter}");
    // Answers go to nobody whose domain it is not any more.
    s.as_owner(Method::DELETE, "/api/v1/domains/contoso.example", None).await.expect(204);
    invite(&s, "contoso", json!({ "email": "dora@x.example" })).await;
    let letter = letters(&got, 4).await.remove(3);
    assert!(!letter.contains("Reply-To"), "{letter}");
});

story!(async fn what_would_deceive_or_could_not_be_read_is_refused(t) {
    let s = setting(&t).await;
    s.post("/api/v1/domains", json!({ "domain": "contoso.example", "tenant": "contoso" })).await.expect(201);
    let long = "x".repeat(61);
    let bad = [
        ("display_name", "https://evil.example"),
        ("display_name", "see evil.example"),
        ("display_name", "WWW.evil.example"),
        ("display_name", "help@evil.example"),
        ("display_name", "Contoso\r\nBcc: eve"),
        ("display_name", "Contoso\" <eve>"),
        ("display_name", "osotnoC\u{202e}"),
        ("display_name", "Con\u{200b}toso"),
        ("display_name", long.as_str()),
        ("reply_to", "help@elsewhere.example"),
        ("reply_to", "help@contoso.example, eve@evil.example"),
        ("reply_to", "no address"),
        ("colour", "#ffffff"),
        ("colour", "#777777"),
        ("colour", "red"),
        ("colour", "#1f5fbf;x:y"),
        ("colour", "#+12345"),
        ("locale", "xx"),
        ("locale", "../en"),
        ("logo", "https://contoso.example/logo.png"),
    ];
    for (field, value) in bad {
        let no = s.put(LETTERS, json!({ field: value })).await.expect(400).json();
        assert_eq!(no["field"], field, "{value}: {no}");
    }
    assert!(s.get(LETTERS).await.expect(200).json().as_object().unwrap().values().all(Value::is_null));
    for good in [
        json!({ "display_name": "x".repeat(60) }),
        json!({ "display_name": "Müller & Söhne GmbH" }),
        json!({ "colour": "#767676" }),
        json!({ "reply_to": "Help@CONTOSO.example" }),
        json!({ "locale": "de" }),
        json!({}),
    ] {
        s.put(LETTERS, good).await.expect(200);
    }
    let no = s.post("/api/v1/tenants/contoso/invitations", json!({ "email": "a@x.example", "locale": "xx" })).await;
    assert_eq!(no.expect(400).json()["field"], "locale");
    let no = s.post("/api/v1/tenants/contoso/invitations/bulk", json!({ "rows": [{ "email": "a@x.example", "locale": "xx" }] }));
    assert_eq!(no.await.expect(200).json()["rows"][0]["field"], "locale");
});
