//! The commands of the binary. `serve` and `demo` are servers; the others are requests of the data directory's
//! owner ([`reach`]), and what they print on stdout is JSON for scripts.
//!
//! Exit status: 0 when it was done, 1 when it was refused or failed (the reason is on stderr), 2 when the command
//! line or the settings make no sense.

mod admin;
mod declared;
mod demo;
mod doctor;
mod logs;
mod place;
mod reach;
pub mod remote;
pub mod scim_check;
mod serve;
mod verbs;

use crate::{
    access::catalogue,
    config::{self, Loaded},
    error::{Error, Kind, Result},
};
use clap::{Args, Parser, Subcommand};
use place::Make;
use reach::Reach;
use remote::Remote;
use serde_json::Value;
use std::{path::PathBuf, process::ExitCode};

/// Muster, an identity bridge: directories provision by SCIM and sign people in by OpenID Connect; applications get
/// tokens whose scopes follow from roles; and every right can be explained.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    max_term_width = 110,
    after_help = "Two ways to begin:
  muster demo                      the whole story on this machine, then look around
  muster serve --data-dir data     a server of your own (SQLite), and in another shell:
  muster admin create --data-dir data --user-name you@example.com

The commands that set things up also work on another machine's server, with an access token of a person or an
integration user (what it may do there is what its roles and scopes permit):
  muster --server https://id.example.com --token-file token.txt user list contoso

Every command teaches with examples: muster COMMAND --help
Every setting is explained by: muster config"
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    elsewhere: Elsewhere,
    #[command(subcommand)]
    command: Command,
}

/// Another machine's server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Another machine's server")]
struct Elsewhere {
    /// Speak to this server instead of the data directory; https, http only to this machine [env: MUSTER_SERVER_URL]
    #[arg(long, global = true, value_name = "URL", conflicts_with_all = ["data_dir", "database_url"])]
    server: Option<String>,
    /// File with the access token, `-` for stdin; the token itself may stand in MUSTER_API_TOKEN, and never here,
    /// where other users of this machine see it
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Trust these authorities, too (PEM)
    #[arg(long, global = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl Elsewhere {
    /// The server that was named, if one was.
    fn find(&self, common: &Common) -> Result<Option<Remote>> {
        let named = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        // Who names a data directory means that, whatever the environment says.
        let here = common.data_dir.is_some() || common.database_url.is_some();
        let server = match &self.server {
            Some(server) => Some(server.clone()),
            None => named("MUSTER_SERVER_URL").filter(|_| !here),
        };
        let usage = |text: &str| Err(Error::invalid(text).code("settings"));
        let Some(server) = server else {
            if self.token_file.is_some() || self.ca_file.is_some() {
                return usage("--token-file and --ca-file go with --server");
            }
            return Ok(None);
        };
        let token = match &self.token_file {
            Some(file) => Some(verbs::text_of(file).map_err(|e| e.code("settings"))?),
            None => named("MUSTER_API_TOKEN"),
        };
        match token {
            Some(t) => Remote::new(&server, t.into(), self.ca_file.as_deref()).map(Some),
            None => usage("--server wants a token: --token-file FILE, or MUSTER_API_TOKEN"),
        }
    }
}

#[derive(Debug, Args)]
struct Common {
    /// File with settings, in the form of what `muster config` prints; holds only what differs
    #[arg(long, global = true, env = "MUSTER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the database, the keys, the lock and the socket [default: muster-data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// PostgreSQL instead of SQLite: postgres://user:password@host/name
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Any setting by its name, as in --set sessions.idle=2h; may be given several times
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Serve),
    /// Play the whole story on this machine, then stay up to be explored
    Demo(demo::Options),
    /// Administrators of the instance
    #[command(subcommand)]
    Admin(admin::Admin),
    #[command(flatten)]
    Verb(verbs::Verb),
    /// Print every setting, its default and what it means
    #[command(after_help = "Examples:
  muster config > /etc/muster.toml           begin a settings file
  muster config --permissions > mine.toml    begin a catalogue of your own platform")]
    Config {
        /// The catalogue of permissions instead
        #[arg(long, conflicts_with = "roles")]
        permissions: bool,
        /// The built-in roles instead
        #[arg(long)]
        roles: bool,
    },
    /// Print the description of the admin API (OpenAPI 3.1)
    #[command(after_help = "Examples:
  muster openapi > muster-api.json
  muster openapi | jq -r '.paths | keys[]'

A running server answers with the same at PUBLIC_URL/api/v1/openapi.json.")]
    Openapi,
    /// Bring the database to this program's version and stop (`serve` does so by itself)
    Migrate,
    /// Check an installation, and say what to mend
    Doctor(doctor::Options),
    /// Play conversations of real directories against any SCIM server
    ScimCheck(scim_check::Options),
}

#[derive(Debug, Args)]
#[command(
    after_help = "The first start makes the database, the master key and the signing keys, for their owner only.

Examples:
  muster serve --data-dir data
  muster serve --listen 0.0.0.0:443 --public-url https://id.example.com --tls-cert chain.pem --tls-key key.pem
  muster serve --public-url https://id.example.com --trusted-proxy 127.0.0.1
  muster serve --database-url postgres://muster:secret@db/muster
  MUSTER_SERVER_LISTEN=[::]:8080 MUSTER_LOG_FORMAT=json muster serve --config /etc/muster.toml

It listens for the commands of its owner on DATA_DIR/muster.sock. SIGTERM lets requests under way end."
)]
struct Serve {
    /// Address and port [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// How the world reaches it; the issuer of all tokens [default: http://LISTEN, with a certificate https://LISTEN]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// TLS here: the file with the certificate chain, PEM; read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<String>,
    /// TLS here: the file with the certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<String>,
    /// TLS at a proxy in front: its address or network; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    trusted_proxy: Vec<String>,
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("muster: {}", e.detail());
            if let Some(more) = e.operator_text() {
                eprintln!("        {more}");
            }
            let usage = e.code_str() == Some("settings");
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    // What needs neither settings nor data.
    match &cli.command {
        Command::Config { permissions, roles } => {
            let text = match (permissions, roles) {
                (true, _) => catalogue::PERMISSIONS,
                (_, true) => catalogue::ROLES,
                _ => config::MANUAL,
            };
            print!("{text}");
            return Ok(ExitCode::SUCCESS);
        }
        Command::ScimCheck(options) => {
            let passed = runtime()?.block_on(scim_check::run(options))?;
            return Ok(ExitCode::from(u8::from(!passed)));
        }
        Command::Demo(options) => return runtime()?.block_on(demo::run(options.clone())),
        Command::Openapi => {
            print(crate::api::document());
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    if let Command::Verb(_) | Command::Admin(_) | Command::Doctor(_) = &cli.command {
        if let Some(server) = cli.elsewhere.find(&cli.common)? {
            let reach = Reach::Remote(server);
            return runtime()?.block_on(async {
                print(&match cli.command {
                    Command::Verb(verb) => verbs::run(verb, &reach).await?,
                    Command::Admin(verb) => admin::run(verb, &reach).await?,
                    Command::Doctor(options) => {
                        let well = doctor::elsewhere(&options, &reach).await;
                        return Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
                    }
                    _ => Value::Null,
                });
                Ok(ExitCode::SUCCESS)
            });
        }
    } else if cli.elsewhere.server.is_some() {
        let text = "this command works on this machine alone, without --server";
        return Err(Error::invalid(text).code("settings"));
    }
    let loaded = cli.common.load(&cli.command).map_err(|e| e.code("settings"));
    if let Command::Doctor(options) = &cli.command {
        let file = cli.common.config.as_deref();
        let well = runtime()?.block_on(doctor::run(options, file, loaded));
        return Ok(ExitCode::from(u8::from(!well)));
    }
    let loaded = loaded?;
    runtime()?.block_on(async {
        match cli.command {
            Command::Serve(_) => serve::run(loaded).await?,
            Command::Admin(verb) => {
                place::only_for_the_owner();
                print(&admin::run(verb, &Reach::find(loaded.config, Make::Yes).await?).await?);
            }
            Command::Verb(verb) => {
                let make = if verb.makes_data() { Make::Yes } else { Make::No };
                print(&verbs::run(verb, &Reach::find(loaded.config, make).await?).await?);
            }
            Command::Migrate => {
                place::only_for_the_owner();
                let reach = Reach::find(loaded.config, Make::Yes).await?;
                let running = matches!(reach, Reach::Running(_));
                print(&serde_json::json!({ "migrated": true, "by_running_server": running }));
            }
            Command::Config { .. }
            | Command::ScimCheck(_)
            | Command::Demo(_)
            | Command::Doctor(_)
            | Command::Openapi => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::internal)
}

/// JSON on stdout, or the document that was asked for as it is; a reader that went away is no error of ours.
fn print(value: &Value) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = match value {
        Value::Null => Ok(()),
        Value::String(document) => out.write_all(document.as_bytes()),
        json => writeln!(out, "{json:#}"),
    };
}

impl Common {
    fn load(&self, command: &Command) -> Result<Loaded> {
        let mut line = self.set.clone();
        let mut put = |name: &str, value: &Option<String>| {
            line.extend(value.iter().map(|v| (name.to_owned(), v.clone())));
        };
        put("server.data_dir", &self.data_dir);
        put("database.url", &self.database_url);
        if let Command::Serve(s) = command {
            put("server.listen", &s.listen);
            put("server.public_url", &s.public_url);
            put("server.tls_cert", &s.tls_cert);
            put("server.tls_key", &s.tls_key);
            let proxies = (!s.trusted_proxy.is_empty()).then(|| s.trusted_proxy.join(","));
            put("server.trusted_proxies", &proxies);
        }
        config::load(self.config.as_deref(), environment()?, line)
    }
}

/// The environment, as far as it is text.
fn environment() -> Result<Vec<(String, String)>> {
    let ours = std::env::vars_os().filter(|(k, _)| k.to_string_lossy().starts_with("MUSTER_"));
    ours.map(|(k, v)| {
        let name = k.to_string_lossy().into_owned();
        let value = v.into_string().map_err(|_| {
            Error::new(Kind::Invalid, format!("{name} in the environment is not text"))
        })?;
        Ok((name, value))
    })
    .collect()
}
