//! The data directory: made for its owner only, held by one process at a time.

use crate::{
    config::Config,
    crypto::seal::MasterKey,
    error::{Error, Kind, Result},
    secret::ExposeSecret as _,
    store::{Database, Options},
};
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

const LOCK: &str = "muster.lock";
const SOCKET: &str = "muster.sock";
const DATABASE: &str = "muster.db";

/// A data directory that we hold; let go when dropped.
pub struct Place {
    path: PathBuf,
    lock: File,
}

/// Whether a directory that does not exist yet is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// The first start.
    Yes,
    /// A command that makes no sense without data: a slip in the path should say so.
    No,
}

/// Where a running server of this directory listens for its owner.
pub fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join(SOCKET)
}

impl Place {
    /// Opens the directory and takes its lock.
    ///
    /// # Errors
    /// [`Kind::Conflict`] when another process holds it, [`Kind::Invalid`] when it is somebody else's or no data
    /// directory.
    pub fn take(path: &Path, make: Make) -> Result<Self> {
        let shown = path.display();
        let trouble = |e: std::io::Error| Error::unavailable(format!("{shown}: {e}"));
        match fs::metadata(path) {
            Ok(m) if !m.is_dir() => {
                return Err(Error::invalid(format!("{shown} is not a directory")));
            }
            Ok(m) => guard_existing(path, m.permissions().mode(), make)?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && make == Make::Yes => {
                DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(trouble)?;
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(empty(path)),
            Err(e) => return Err(trouble(e)),
        }
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK))
            .map_err(trouble)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            let _ = lock.read_to_string(&mut holder);
            let holder = holder.trim();
            return Err(Error::conflict(format!("{shown} is in use by process {holder}"))
                .code("data_dir_in_use"));
        }
        lock.set_len(0).and_then(|()| lock.rewind()).map_err(trouble)?;
        writeln!(lock, "{}", std::process::id()).map_err(trouble)?;
        Ok(Self { path: path.to_owned(), lock })
    }

    /// Where the data is, as the settings say.
    pub fn options(&self, config: &Config) -> Options {
        let url = &config.database.url;
        let database = if url.expose_secret().is_empty() {
            Database::Sqlite(self.path.join(DATABASE))
        } else {
            Database::Postgres(url.clone())
        };
        Options {
            database,
            connections: config.database.connections.max(1),
            durable: config.database.durable,
            demand_audit: false,
        }
    }

    /// The socket for the owner's commands.
    ///
    /// # Errors
    /// The system's: its path may be at most about 100 bytes long.
    pub fn listen(&self) -> Result<tokio::net::UnixListener> {
        let path = socket(&self.path);
        let trouble = |e: std::io::Error| Error::unavailable(format!("{}: {e}", path.display()));
        // We hold the lock: a socket that is still there belongs to nobody.
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(trouble(e)),
            _ => {}
        }
        let listener = tokio::net::UnixListener::bind(&path).map_err(trouble)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(trouble)?;
        Ok(listener)
    }
}

/// The master key, made when there is none yet; the data directory is held.
///
/// # Errors
/// [`Kind::Invalid`] when others may read it, [`Kind::Unavailable`] when we cannot.
pub fn master_key(config: &Config) -> Result<MasterKey> {
    let path = config.master_key_file();
    if let Ok(m) = fs::metadata(&path)
        && m.permissions().mode() & 0o077 != 0
    {
        let shown = path.display();
        return Err(Error::invalid(format!(
            "{shown} can be read by others than its owner; run: chmod 600 {shown}"
        )));
    }
    MasterKey::load_or_create(&path)
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.lock.set_len(0);
        let _ = flock(&self.lock, FlockOperation::Unlock);
    }
}

/// Files we make are for their owner only, whatever the shell's umask says.
pub fn only_for_the_owner() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

fn guard_existing(path: &Path, mode: u32, make: Make) -> Result<()> {
    let shown = path.display();
    let ours = path.join(LOCK).exists();
    let mut entries =
        fs::read_dir(path).map_err(|e| Error::new(Kind::Unavailable, format!("{shown}: {e}")))?;
    let is_empty = entries.next().is_none();
    if !ours && !is_empty {
        return Err(Error::invalid(format!(
            "{shown} holds other things and no Muster; give it a directory of its own"
        )));
    }
    if !ours && make == Make::No {
        return Err(empty(path));
    }
    if mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700))
            .map_err(|e| Error::new(Kind::Unavailable, format!("{shown}: {e}")))?;
    }
    Ok(())
}

fn empty(path: &Path) -> Error {
    Error::not_found(format!("a Muster in {}", path.display())).operator(
        "make one with `muster serve --data-dir DIR` or `muster admin create --data-dir DIR`",
    )
}
