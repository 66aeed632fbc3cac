//! A Muster in a process of its own, set up through its own commands.

use super::{Fail, http::Http};
use serde_json::Value;
use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A running server; it ends when this is dropped.
pub struct Muster {
    child: Child,
    binary: PathBuf,
    pub data: PathBuf,
    pub addr: SocketAddr,
    pub url: String,
    /// From the start of the process to the first good answer of `/readyz`.
    pub ready_after: Duration,
}

/// A port that is free now.
pub fn free_port() -> Result<u16, Fail> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

impl Muster {
    /// Starts it on `data`, with more options, and waits until it is ready.
    pub async fn start(binary: &Path, data: &Path, options: &[String]) -> Result<Self, Fail> {
        Self::start_with(binary, data, options, &[]).await
    }

    /// The same with settings from the environment.
    pub async fn start_with(
        binary: &Path,
        data: &Path,
        options: &[String],
        settings: &[(&str, &str)],
    ) -> Result<Self, Fail> {
        Self::start_as(binary, data, options, settings, None).await
    }

    /// One more node of a server: on the same database, with its master key, under its public URL.
    pub async fn node(&self, options: &[String], settings: &[(&str, &str)]) -> Result<Self, Fail> {
        let data = self.data.with_extension("node");
        let key = self.data.join("master.key");
        let key = key.to_str().ok_or("the path of the master key is no text")?;
        let mut settings = settings.to_vec();
        settings.push(("MUSTER_KEYS_MASTER_KEY_FILE", key));
        Self::start_as(&self.binary, &data, options, &settings, Some(&self.url)).await
    }

    async fn start_as(
        binary: &Path,
        data: &Path,
        options: &[String],
        settings: &[(&str, &str)],
        public: Option<&str>,
    ) -> Result<Self, Fail> {
        let addr = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let url = public.map_or_else(|| format!("http://{addr}"), str::to_owned);
        std::fs::create_dir_all(data)?;
        let log = File::create(data.with_extension("log"))?;
        let started = Instant::now();
        let child = Command::new(binary)
            .args(["serve", "--data-dir"])
            .arg(data)
            .args(["--listen", &addr.to_string(), "--public-url", &url])
            .args(options)
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut muster = Self {
            child,
            binary: binary.to_owned(),
            data: data.to_owned(),
            addr,
            url,
            ready_after: Duration::ZERO,
        };
        let request = super::http::request("GET", "/readyz", &[], "");
        loop {
            if let Ok(mut http) = Http::open(addr).await
                && http.status(&request).await.is_ok_and(|s| s == 200)
            {
                muster.ready_after = started.elapsed();
                return Ok(muster);
            }
            if started.elapsed() > Duration::from_mins(1) || muster.child.try_wait()?.is_some() {
                let log = std::fs::read_to_string(data.with_extension("log"))?;
                return Err(format!("the server did not come up:\n{log}").into());
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }

    /// Runs a command on the running server; its answer is JSON.
    pub fn run(&self, arguments: &[&str]) -> Result<Value, Fail> {
        let out = Command::new(&self.binary)
            .args(arguments)
            .arg("--data-dir")
            .arg(&self.data)
            .stdin(Stdio::null())
            .output()?;
        if !out.status.success() {
            let said = String::from_utf8_lossy(&out.stderr);
            return Err(format!("muster {}: {said}", arguments.join(" ")).into());
        }
        Ok(serde_json::from_slice(&out.stdout)?)
    }

    /// A metric's value, all its labels added up.
    pub async fn metric(&self, name: &str) -> Result<f64, Fail> {
        let answer = Http::open(self.addr)
            .await?
            .send(&super::http::request("GET", "/metrics", &[], ""))
            .await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let lines: Vec<f64> = text
            .lines()
            .filter(|l| l.split([' ', '{']).next() == Some(name))
            .filter_map(|l| l.rsplit(' ').next()?.parse().ok())
            .collect();
        if lines.is_empty() {
            return Err(format!("/metrics has no {name}").into());
        }
        Ok(lines.iter().sum())
    }

    /// Resident memory in megabytes.
    pub fn resident_mb(&self) -> Result<f64, Fail> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        let kb: f64 = line.split_whitespace().nth(1).ok_or("no VmRSS")?.parse()?;
        Ok(kb / 1024.0)
    }
}

impl Drop for Muster {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A tenant with one directory: where its SCIM client goes, and with which token.
pub struct Directory {
    /// The path of the SCIM base URL.
    pub base: String,
    pub token: String,
    /// Its id.
    pub id: String,
}

/// A text member of a JSON object.
pub fn text(v: &Value, name: &str) -> Result<String, Fail> {
    Ok(v.get(name).and_then(Value::as_str).ok_or_else(|| format!("no {name} in {v}"))?.to_owned())
}

impl Directory {
    /// Makes tenant, directory and token; `more` are options of the directory.
    pub fn create(m: &Muster, tenant: &str, more: &[&str]) -> Result<Self, Fail> {
        m.run(&["tenant", "create", tenant])?;
        let mut create = vec!["directory", "create", tenant, "Bench"];
        create.extend_from_slice(more);
        let made = m.run(&create)?;
        let (base, id) = (text(&made, "scim_base_url")?, text(&made, "id")?);
        let token = text(&m.run(&["scim-token", "create", tenant, "Bench"])?, "token")?;
        Ok(Self { base: base.strip_prefix(&m.url).unwrap_or(&base).to_owned(), token, id })
    }

    /// A SCIM request.
    pub fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let bearer = format!("Bearer {}", self.token);
        let headers =
            [("Authorization", bearer.as_str()), ("Content-Type", "application/scim+json")];
        super::http::request(method, &format!("{}{path}", self.base), &headers, body)
    }

    /// The creation of a person as Entra writes it.
    pub fn create_person(&self, name: &str) -> Vec<u8> {
        self.request("POST", "/Users", &person(name).to_string())
    }
}

/// A person as Entra writes one.
pub fn person(name: &str) -> Value {
    serde_json::json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        ],
        "externalId": format!("ext-{name}"),
        "userName": format!("{name}@bench.example"),
        "active": true,
        "displayName": format!("Person {name}"),
        "emails": [{"primary": true, "type": "work", "value": format!("{name}@bench.example")}],
        "name": {"formatted": format!("Person {name}"), "familyName": name, "givenName": "Person"},
        "title": "Engineer",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
            {"department": "Engineering", "employeeNumber": "4711"},
    })
}
