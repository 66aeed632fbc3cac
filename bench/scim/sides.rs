//! Who takes part: Muster on either database and the two peers, seen as a directory's client sees them.

use crate::{
    load::play,
    shared::{
        Fail, Setting,
        http::{Http, request},
        muster::{Directory, Muster, free_port, person},
    },
};
use serde_json::json;
use std::{
    fs::File,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// People that each side has before anything is measured: few, since one of the peers looks through all of them.
pub const PEOPLE: usize = 1000;
const TOKEN: &str = "bench-token";
/// Stands for the name in the text of a request.
const NAME: &str = "@name@";

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    Create,
    Read,
    Filter,
    Patch,
}

/// A server with people in it.
pub struct Side {
    pub name: &'static str,
    pub addr: SocketAddr,
    /// Ends its connections after each answer.
    pub anew: bool,
    base: String,
    token: String,
    /// Id and name.
    pub people: Arc<Vec<(String, String)>>,
    next: Arc<AtomicU64>,
    /// Ends when this is dropped.
    _server: Box<dyn Send + Sync>,
}

struct Process(Child);
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn peer(set: &Setting, log: &str, command: &mut Command) -> Result<Process, Fail> {
    let log = File::create(set.work.join(log))?;
    Ok(Process(command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?))
}

async fn up(addr: SocketAddr, log: &Path) -> Result<(), Fail> {
    let began = Instant::now();
    while Http::open(addr).await.is_err() {
        if began.elapsed() > Duration::from_secs(30) {
            return Err(
                format!("a peer did not come up:\n{}", std::fs::read_to_string(log)?).into()
            );
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

impl Side {
    fn new(
        name: &'static str,
        addr: SocketAddr,
        base: &str,
        token: &str,
        server: impl Send + Sync + 'static,
    ) -> Self {
        let (base, token) = (base.to_owned(), token.to_owned());
        let (people, next) = (Arc::default(), Arc::default());
        Self { name, addr, anew: false, base, token, people, next, _server: Box::new(server) }
    }

    /// A Muster on `options`' database.
    pub async fn muster(
        set: &Setting,
        name: &'static str,
        options: &[String],
    ) -> Result<Self, Fail> {
        let folder = set.work.join(name.replace(' ', "-"));
        let m = Muster::start(&set.muster, &folder, options).await?;
        let d = Directory::create(&m, "bench", &["--preset", "entra"])?;
        Ok(Self::new(name, m.addr, &d.base, &d.token, m))
    }

    /// npm's scimmy-routers, in memory.
    pub async fn scimmy(set: &Setting) -> Result<Self, Fail> {
        let (node, folder) = set.node.as_ref().ok_or("--node and --peer are missing")?;
        let port = free_port()?;
        let mut command = Command::new(node);
        command.current_dir(folder).args(["server.mjs", &port.to_string(), TOKEN]);
        let process = peer(set, "scimmy.log", command.env("NODE_ENV", "production"))?;
        let addr = ([127, 0, 0, 1], port).into();
        up(addr, &set.work.join("scimmy.log")).await?;
        Ok(Self::new("scimmy-routers in memory", addr, "/scim", TOKEN, process))
    }

    /// PyPI's scim2-server, in memory.
    pub async fn scim2(set: &Setting) -> Result<Self, Fail> {
        let python = set.python.as_ref().ok_or("--python is missing")?;
        let port = free_port()?;
        let mut command = Command::new(python.with_file_name("scim2-server"));
        command.args(["--port", &port.to_string(), "--bearer-token", TOKEN]);
        let process = peer(set, "scim2.log", &mut command)?;
        let addr = ([127, 0, 0, 1], port).into();
        up(addr, &set.work.join("scim2.log")).await?;
        let mut side = Self::new("scim2-server in memory", addr, "/v2", TOKEN, process);
        side.anew = true;
        Ok(side)
    }

    /// A request as it goes over the wire.
    pub fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let bearer = format!("Bearer {}", self.token);
        let headers =
            [("Authorization", bearer.as_str()), ("Content-Type", "application/scim+json")];
        request(method, &format!("{}{path}", self.base), &headers, body)
    }

    /// The requests of a kind: of connection and number, for as many `connections`.
    pub fn requests(
        &self,
        what: What,
        connections: usize,
    ) -> impl Fn(usize, u64) -> Option<Vec<u8>> + Clone + Send + Sync + 'static {
        let people = self.people.iter();
        let made: Vec<Vec<u8>> = match what {
            What::Create => Vec::new(),
            What::Read => {
                people.map(|(id, _)| self.request("GET", &format!("/Users/{id}"), "")).collect()
            }
            What::Filter => people
                .map(|(_, name)| {
                    let path = format!("/Users?filter=userName%20eq%20%22{name}@bench.example%22");
                    self.request("GET", &path, "")
                })
                .collect(),
            What::Patch => people
                .flat_map(|(id, _)| {
                    [false, true].map(|active| {
                        let body = json!({
                            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                            "Operations": [{"op": "replace", "path": "active", "value": active}],
                        });
                        self.request("PATCH", &format!("/Users/{id}"), &body.to_string())
                    })
                })
                .collect(),
        };
        let name = |n: u64| format!("n{n:011}");
        // As long as any name that stands there, so that its length is told right.
        let template = self.request("POST", "/Users", &person(&name(0)).to_string());
        let template = String::from_utf8_lossy(&template).replace(&name(0), NAME);
        let (made, next) = (Arc::new(made), self.next.clone());
        move |c, n| {
            if what == What::Create {
                let name = name(next.fetch_add(1, Ordering::Relaxed));
                return Some(template.replace(NAME, &name).into_bytes());
            }
            // Each connection goes through people of its own; a person is patched away and back.
            let (each, n) = (if what == What::Patch { 2 } else { 1 }, n as usize);
            let own = (PEOPLE / connections).max(1);
            let person = c * own + (n / each) % own;
            made.get(person * each + n % each).cloned()
        }
    }

    /// Makes the people.
    pub async fn fill(&mut self) -> Result<(), Fail> {
        let mut people = Vec::new();
        let mut http = Http::open(self.addr).await?;
        for n in 0..PEOPLE {
            if self.anew && n > 0 {
                http = Http::open(self.addr).await?;
            }
            let name = format!("person{n}");
            let request = self.request("POST", "/Users", &person(&name).to_string());
            let answer = http.send(&request).await?;
            let id = answer.json()["id"].as_str().map(str::to_owned);
            people.push((id.ok_or_else(|| format!("{}: {}", self.name, answer.head))?, name));
        }
        self.people = Arc::new(people);
        Ok(())
    }

    /// One turn.
    pub async fn turn(
        &self,
        what: What,
        connections: usize,
        time: Duration,
    ) -> Result<crate::load::Load, Fail> {
        let make = self.requests(what, connections);
        play(self.addr, self.anew, connections, time, make).await
    }
}
