//! The program is killed with a letter in its hands: before it was sent, and before it was written down that it was. It
//! is sent once it runs again; what comes twice is the same letter, and its link opens once.

use super::{accept, with_password};
use crate::{
    cli::{Served, output, place},
    story,
    support::{TestDb, server::Client},
};
use muster::{
    actor::{Actor, Principal},
    clock::Clock,
    id::RequestId,
    secret::ExposeSecret as _,
    sql,
    store::{Cx, Database, Options, Scope, Store},
    tx,
};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

/// How the mail server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Not even a greeting.
    Silent,
    /// It keeps the letter, and its answer to that never leaves.
    KeepsAndHolds,
    /// It keeps the letter and says so, and the program that sent it is killed that moment.
    KeepsAndKills,
    /// It keeps the letter and says so.
    Takes,
}

/// A mail server in threads of its own, so that nothing here waits for another.
struct Post {
    port: u16,
    way: Arc<Mutex<Way>>,
    kept: Arc<Mutex<Vec<String>>>,
    /// Whom [`Way::KeepsAndKills`] kills, as soon as that is known.
    victim: Arc<AtomicU32>,
    /// What happens there, as it does: somebody came, a letter was kept.
    events: mpsc::Receiver<&'static str>,
}

impl Post {
    fn open(way: Way) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let (way, kept) = (Arc::new(Mutex::new(way)), Arc::<Mutex<Vec<String>>>::default());
        let (tell, events) = mpsc::channel();
        let victim = Arc::<AtomicU32>::default();
        let (ways, keeps, pid) = (way.clone(), kept.clone(), victim.clone());
        std::thread::spawn(move || {
            while let Ok((stream, _)) = tcp.accept() {
                let (way, kept, pid) = (ways.clone(), keeps.clone(), pid.clone());
                let tell = tell.clone();
                std::thread::spawn(move || serve(stream, &way, &kept, &pid, &tell));
            }
        });
        Self { port, way, kept, victim, events }
    }
    fn set(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }
    fn wait(&self, what: &str) {
        let end = std::time::Instant::now() + Duration::from_secs(20);
        while let Some(left) = end.checked_duration_since(std::time::Instant::now()) {
            if self.events.recv_timeout(left) == Ok(what) {
                return;
            }
        }
        panic!("not within 20 s: {what}");
    }
    fn letters(&self) -> Vec<String> {
        self.kept.lock().unwrap().clone()
    }
}

fn serve(
    stream: TcpStream,
    way: &Mutex<Way>,
    kept: &Mutex<Vec<String>>,
    victim: &AtomicU32,
    tell: &mpsc::Sender<&'static str>,
) -> Option<()> {
    let mut write = stream.try_clone().ok()?;
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let _ = tell.send("somebody came");
    if *way.lock().unwrap() == Way::Silent {
        lines.for_each(drop);
        return None;
    }
    write.write_all(b"220 post\r\n").ok()?;
    while let Some(line) = lines.next() {
        if line != "DATA" {
            write.write_all(b"250 ok\r\n").ok()?;
            continue;
        }
        write.write_all(b"354 go on\r\n").ok()?;
        let letter: Vec<String> = lines.by_ref().take_while(|l| l != ".").collect();
        kept.lock().unwrap().push(letter.join("\n"));
        let way = *way.lock().unwrap();
        if way == Way::KeepsAndHolds {
            let _ = tell.send("kept");
            lines.for_each(drop);
            return None;
        }
        while way == Way::KeepsAndKills && victim.load(Ordering::SeqCst) == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        write.write_all(b"250 kept\r\n").ok()?;
        if way == Way::KeepsAndKills {
            let pid = victim.load(Ordering::SeqCst).to_string();
            let _ = Command::new("kill").args(["-KILL", &pid]).status();
        }
        let _ = tell.send("kept");
    }
    None
}

/// The program, its data, and how its database is reached while it does not run.
struct Program {
    _dir: tempfile::TempDir,
    data: PathBuf,
    options: Options,
    args: Vec<String>,
    listen: String,
}

impl Program {
    fn over(t: &TestDb, post: &Post) -> Self {
        let (dir, data) = place();
        let mut args = vec![
            format!("--set=mail.server=smtp://127.0.0.1:{}", post.port),
            "--set=mail.from=Muster <muster@muster.example>".to_owned(),
        ];
        let database = match &t.options.database {
            Database::Postgres(url) => {
                args.push(format!("--database-url={}", url.expose_secret()));
                t.options.database.clone()
            }
            Database::Sqlite(_) => Database::Sqlite(data.join("muster.db")),
        };
        let options = Options { database, ..t.options.clone() };
        // The same address each time: links name it.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { _dir: dir, data, options, args, listen: format!("127.0.0.1:{port}") }
    }
    fn start(&self) -> Served {
        Served::start_at(&self.data, &self.listen, &self.args())
    }
    fn args(&self) -> Vec<&str> {
        self.args.iter().map(String::as_str).collect()
    }
    fn run(&self, args: &[&str]) -> Value {
        let (status, out, err) = output(&self.data, &[&self.args()[..], args].concat());
        assert_eq!(status, 0, "{args:?}: {out}{err}");
        serde_json::from_str(&out).unwrap()
    }
    fn invite(&self) -> Value {
        self.run(&["tenant", "create", "contoso"]);
        self.run(&[
            "invitation",
            "create",
            "contoso",
            "bert@contoso.example",
            "--role",
            "Read-Only",
        ])
    }
    /// While it does not run: the leases of whoever was killed are over, as they are after a minute.
    async fn a_minute_passes(&self) {
        let store = Store::open(&self.options, Clock::System).await.unwrap();
        let cx =
            Cx::new(Actor::prove(Principal::System("test"), RequestId::new()), Scope::Platform);
        let leased = tx!(store, &cx, [], |tx| {
            tx.unaudited("test");
            sql!(
                tx,
                exec,
                "UPDATE outbox /* platform: test, scan: test */ SET leased_until = 0 WHERE done_at IS NULL"
            )
        });
        assert!(leased.unwrap() <= 1, "one letter");
        store.close().await;
    }
}

fn message_id(letter: &str) -> &str {
    letter.lines().find(|l| l.starts_with("Message-ID: <")).unwrap_or_else(|| panic!("{letter}"))
}

fn link(url: &str, letter: &str) -> String {
    let text = letter.replace("=\n", "");
    let at = text.find(&format!("{url}/invite/")).unwrap_or_else(|| panic!("{letter}"));
    text[at + url.len()..].split_whitespace().next().unwrap().to_owned()
}

/// Whoever has the link comes in by it, and nobody after them.
async fn opens_once(url: &str, link: &str) {
    let (first, second) = (Client::at(url), Client::at(url));
    let begun = accept(&second, link).await;
    with_password(&first, link).await.expect(303);
    first.get("/api/v1/me").await.expect(200);
    let over = second.get(&begun).await;
    assert_eq!(over.status.as_u16(), 410, "{}", over.text);
    second.get(link).await.expect(410);
    second.form(link, &[]).await.expect(410);
}

async fn settled(p: &Program, made: &Value) {
    for _ in 0..100 {
        let now = p.run(&["invitation", "show", "contoso", made["id"].as_str().unwrap()]);
        if now["sent_at"].is_string() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it is written down that the letter left");
}

/// Long enough for the worker to look twice.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(1300)).await;
}

story!(async fn killed_before_a_letter_was_handed_over_the_program_sends_it_once_when_it_runs_again(t) {
    let post = Post::open(Way::Silent);
    let p = Program::over(&t, &post);
    let served = p.start();
    let made = p.invite();
    post.wait("somebody came");
    drop(served);
    assert!(post.letters().is_empty(), "it was committed, and nothing was sent");
    post.set(Way::Takes);
    p.a_minute_passes().await;
    let served = p.start();
    post.wait("kept");
    settled(&p, &made).await;
    a_moment().await;
    let letters = post.letters();
    assert_eq!(letters.len(), 1, "{letters:?}");
    opens_once(&served.url, &link(&served.url, &letters[0])).await;
});

story!(async fn killed_before_it_noted_that_a_letter_left_the_program_sends_the_same_one_if_any(t) {
    let post = Post::open(Way::KeepsAndHolds);
    let p = Program::over(&t, &post);
    let served = p.start();
    let made = p.invite();
    post.wait("kept");
    drop(served);
    // Once more; now it hears that the letter was taken, and that is the last it hears.
    post.set(Way::KeepsAndKills);
    p.a_minute_passes().await;
    let served = p.start();
    post.victim.store(served.pid(), Ordering::SeqCst);
    post.wait("kept");
    drop(served);
    assert_eq!(post.letters().len(), 2);
    post.set(Way::Takes);
    p.a_minute_passes().await;
    let served = p.start();
    settled(&p, &made).await;
    a_moment().await;
    let letters = post.letters();
    // The third only where it died before it had written anything down.
    assert!((2..=3).contains(&letters.len()), "{letters:?}");
    for again in &letters[1..] {
        assert_eq!(message_id(again), message_id(&letters[0]), "a mail program shows it once");
        assert_eq!(link(&served.url, again), link(&served.url, &letters[0]));
    }
    opens_once(&served.url, &link(&served.url, &letters[0])).await;
    drop(served);
    p.a_minute_passes().await;
    let _served = p.start();
    a_moment().await;
    assert_eq!(post.letters().len(), letters.len(), "and never again");
});
