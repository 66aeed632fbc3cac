//! A review from a shell elsewhere, from its beginning to its evidence.

use crate::{
    access::{READ_ONLY, SELF_SERVICE},
    remote::{Shell, token},
    story,
    support::server::TestServer,
};
use serde_json::{Value, json};

fn id(v: &Value) -> String {
    v["id"].as_str().unwrap_or_else(|| panic!("no id: {v}")).to_owned()
}

story!(async fn a_shell_elsewhere_reviews(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    s.person(acme, "ann", READ_ONLY).await;
    let lead = json!({ "name": "Lead", "permissions": ["users.view", "users.manage_roles"] });
    let lead = id(&s.post("/api/v1/tenants/acme/roles", lead).await.expect(201).json());
    for name in ["lead", "other"] {
        s.person(acme, name, &lead).await;
    }
    s.person(acme, "sue", SELF_SERVICE).await;
    let sh = Shell::new(&s, &token(&s, acme).await);
    let due = "2099-01-01T00:00:00Z";
    let open = ["review", "open", "acme", "Autumn", "--due", due, "--reviewer", "lead"];
    assert!(sh.refused(&open).await.contains("name another reviewer"));
    // The shell's own user reviews as well: it manages roles there.
    let me = sh.run(&["me"]).await["user"].as_str().unwrap().to_owned();
    let open = [&open[..], &["--reviewer", &me]].concat();
    let r = sh.run(&open).await;
    let at = id(&r);
    assert_eq!((&r["state"], &r["items"], &r["decided"]), (&json!("open"), &json!(5), &json!(0)));
    let all = sh.run(&["review", "items", "acme", &at]).await;
    let of = |name: &str| {
        id(all["items"].as_array().unwrap().iter().find(|i| i["user_name"] == name).unwrap())
    };
    let mine = sh.run(&["review", "items", "acme", &at, "--mine", "--undecided"]).await;
    assert!((1..5).contains(&mine["items"].as_array().unwrap().len()), "{mine}");
    sh.run(&["review", "remove", "acme", &at, &of("ann"), "--note", "gone"]).await;
    sh.run(&["review", "keep", "acme", &at, &of("lead"), &of("other")]).await;
    let until = ["review", "shorten", "acme", &at, &of("sue"), "--until", "2099-06-01T00:00:00Z"];
    assert_eq!(sh.run(&until).await["decided"], 4);
    let file = sh.file("review.json");
    assert!(sh.refused(&["review", "check", "acme", &at]).await.contains("not closed"));
    assert!(sh.refused(&["review", "close", "acme", &at]).await.contains("undecided"));
    // Of what is left, it is about the shell itself: the owner decides.
    assert!(sh.refused(&["review", "close", "acme", &at, "--anyway"]).await.contains("own access"));
    let left = sh.run(&["review", "items", "acme", &at, "--undecided"]).await;
    let keep = json!({ "items": [id(&left["items"][0])], "decision": "keep" });
    s.post(&format!("/api/v1/tenants/acme/reviews/{at}/items"), keep).await.expect(200);
    let closed = sh.run(&["review", "close", "acme", &at, "--anyway"]).await;
    assert_eq!(closed["state"], "closed");
    assert!(sh.refused(&["review", "keep", "acme", &at, &of("ann")]).await.contains("does not change"));
    let gone = sh.run(&["review", "items", "acme", &at, "--outcome", "removed"]).await;
    assert_eq!(gone["items"][0]["user_name"], "ann");
    for (format, name) in [("json", "review.json"), ("csv", "review.csv")] {
        let (status, out, err) = sh.says(&["review", "export", "acme", &at, "--format", format]).await;
        assert_eq!(status, 0, "{err}");
        let file = sh.file(name);
        std::fs::write(&file, &out).unwrap();
        let said = sh.run(&["review", "check", "acme", &at, file.to_str().unwrap()]).await;
        assert_eq!((&said["matches"], &said["format"]), (&json!(true), &json!(format)));
    }
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(sh.refused(&["review", "check", "acme", &at, file.to_str().unwrap()]).await.contains("is not what was exported"));
    assert_eq!(sh.run(&["review", "check", "acme", &at]).await["intact"], true);
    assert_eq!(sh.run(&["review", "list", "acme"]).await["items"][0]["id"], at.as_str());
    assert_eq!(sh.run(&["review", "show", "acme", &at]).await["manifest"], closed["manifest"]);
    let again = ["review", "open", "acme", "Autumn", "--due", due, "--reviewer", "lead", "--reviewer", "other"];
    let again = [&again[..], &["--every-days", "90"]].concat();
    assert!(sh.refused(&again).await.contains("would begin before"));
    assert_eq!(sh.run(&["review", "plans", "acme"]).await["items"], json!([]));
});
