//! Letters: what may be written into them by others, what a server's refusal becomes, who may read along.

use crate::{pure, story};
use muster::{
    config::Mail,
    error::Kind,
    mail::{Letter, Mailer},
    secret::Secret,
};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

/// A mail server that refuses some: its port, and all that was said to it.
pub async fn server() -> (u16, Arc<Mutex<String>>) {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, said) = (tcp.local_addr().unwrap().port(), Arc::<Mutex<String>>::default());
    let heard = Arc::clone(&said);
    tokio::spawn(async move {
        while let Ok((stream, _)) = tcp.accept().await {
            let heard = Arc::clone(&heard);
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                let mut data = false;
                let _ = write.write_all(b"220 mail\r\n").await;
                while let Ok(Some(line)) = lines.next_line().await {
                    {
                        let mut heard = heard.lock().unwrap();
                        heard.push_str(&line);
                        heard.push('\n');
                    }
                    if data && line != "." {
                        continue;
                    }
                    let begins = line == "DATA";
                    let answer = match line.as_str() {
                        _ if begins => "354 go on",
                        "RCPT TO:<nobody@example.com>" => {
                            "550 5.1.1 <nobody@example.com>: no mailbox of the name Nobody; ask postmaster@example.com"
                        }
                        "RCPT TO:<later@example.com>" => "451 4.7.1 come back in an hour",
                        _ => "250 OK",
                    };
                    data = begins;
                    let _ = write.write_all(format!("{answer}\r\n").as_bytes()).await;
                }
            });
        }
    });
    (port, said)
}

fn settings(server: &str, from: &str) -> Mail {
    Mail { server: Secret::from(server), from: from.to_owned(), reply_to: String::new() }
}

fn mailer(port: u16) -> Mailer {
    let settings = settings(&format!("smtp://127.0.0.1:{port}"), "Müster <muster@example.com>");
    Mailer::new(&settings, Path::new("")).unwrap()
}

fn letter(to: &str, subject: &str) -> Letter {
    Letter {
        to: to.to_owned(),
        subject: subject.to_owned(),
        text: "Hello\n.\nQUIT\n".to_owned(),
        html: "<p>Hello</p>".to_owned(),
        id: "0192-id".to_owned(),
    }
}

story! {
    async fn a_letter_holds_what_it_should_and_nothing_of_others_making(t) {
        let (port, said) = server().await;
        let mailer = mailer(port);
        let subject = "Ada invites you\r\nBcc: victim@example.com\r\n\r\nbody";
        mailer.send(letter("bert@example.com", subject)).await.unwrap();
        let said = said.lock().unwrap().clone();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.iter().filter(|l| l.starts_with("RCPT TO:")).count(), 1, "{said}");
        assert!(!lines.iter().any(|l| l.to_lowercase().starts_with("bcc")), "{said}");
        for wanted in [
            "MAIL FROM:<muster@example.com>",
            "RCPT TO:<bert@example.com>",
            "Message-ID: <0192-id@example.com>",
            "Auto-Submitted: auto-generated",
            "To: bert@example.com",
        ] {
            assert!(lines.iter().any(|l| l.starts_with(wanted)), "no {wanted} in {said}");
        }
        // A line with a dot alone does not end the letter early.
        assert_eq!(lines.iter().filter(|l| **l == ".").count(), 1, "{said}");
    }
}

story! {
    async fn addresses_that_are_more_than_one_are_refused(t) {
        let (port, said) = server().await;
        let mailer = mailer(port);
        for bad in [
            "a@example.com, b@example.com",
            "a@example.com\r\nRCPT TO:<b@example.com>",
            "a@example.com> SIZE=1",
            "@example.com",
            "a",
            "",
        ] {
            let e = mailer.send(letter(bad, "x")).await.unwrap_err();
            assert_eq!(e.kind(), Kind::Invalid, "{bad}: {e:?}");
        }
        assert_eq!(*said.lock().unwrap(), "", "nothing was said to the server");
        mailer.send(letter("ada@bücher.example", "x")).await.unwrap();
        assert!(said.lock().unwrap().contains("RCPT TO:<ada@xn--bcher-kva.example>"));
    }
}

story! {
    async fn a_refusal_keeps_the_servers_words(t) {
        let (port, _) = server().await;
        let mailer = mailer(port);
        // Without anybody's address: they are logged, and stand in the outbox.
        let no = "550): 5.1.1 <(address)>: no mailbox of the name (address); ask (address)";
        for (to, words) in [("nobody", no), ("later", "451): 4.7.1 come back in an hour")] {
            let e = mailer.send(letter(&format!("{to}@example.com"), "x")).await.unwrap_err();
            assert_eq!(e.kind(), Kind::Unavailable);
            assert!(e.operator_text().unwrap().contains(words), "{e:?}");
            assert!(!format!("{e:?}").contains("example.com"), "{e:?}");
            assert!(!e.detail().contains(words), "callers do not see it");
            // A bad address is not tried again; what may be over soon is.
            assert_eq!(e.code_str() == Some("undeliverable"), to == "nobody", "{e:?}");
        }
        mailer.probe().await.unwrap();
        let none = Mailer::new(&settings("", ""), Path::new("")).unwrap();
        assert!(!none.sends() && none.send(letter("a@example.com", "x")).await.is_err());
    }
}

pure! {
    fn a_password_does_not_cross_the_network_in_the_clear() {
        let rt = tokio::runtime::Runtime::new().unwrap();
        let _in = rt.enter();
        let read = |server: &str| {
            Mailer::new(&settings(server, "m@example.com"), Path::new(""))
                .map(|m| m.in_the_clear())
                .map_err(|e| e.detail().to_owned())
        };
        for safe in [
            "smtps://u:p4ss@mail.example.com",
            "smtp://u:p4ss@mail.example.com?tls=required",
            "smtp://u:p4ss@localhost:25",
            "smtp://u:p4ss@127.0.0.1",
            "smtp://u:p4ss@[::1]:25",
        ] {
            assert_eq!(read(safe), Ok(false), "{safe}");
        }
        assert_eq!(read("smtp://relay.example.com"), Ok(true));
        assert_eq!(read("smtp://relay.example.com?tls=opportunistic"), Ok(true));
        for bad in [
            "smtp://u:p4ss@mail.example.com",
            "smtp://u:p4ss@mail.example.com?tls=opportunistic",
            "smtp://u:p4ss@10.0.0.1:587",
            "smtp://u:p4ss@localhost.example.com",
        ] {
            assert!(read(bad).unwrap_err().contains("in the clear"), "{bad}");
        }
        for bad in ["mail.example.com", "http://u:p4ss@mail.example.com", "smtp://u:p4ss@h?tls=require", "smtp://"] {
            let why = read(bad).unwrap_err();
            assert!(why.starts_with("mail.server: not an address") && !why.contains("p4ss"), "{bad}: {why}");
        }
        let from = Mailer::new(&settings("smtp://localhost", "nobody"), Path::new(""));
        assert!(from.err().unwrap().detail().starts_with("mail.from: 'nobody'"));
    }
}
