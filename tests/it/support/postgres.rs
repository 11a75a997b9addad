//! A PostgreSQL cluster of the tests' own: on a socket in a folder that goes with it, with what is written synchronised.
//! It uses nothing of the other files here, so that the library's own tests can have one too.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const MISSING: &str = "PostgreSQL is missing: install the package `postgresql`, or run `bash tests/run` once";
const USER: &str = "jagaloket";

/// Waits for the end of its input, which comes with the end of the process that started it, however that ends.
const KEEPER: &str = r#"
trap : INT TERM
folder=$1; shift
"$@" </dev/null >>"$folder/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server 2>/dev/null
wait $server
rm -rf "$folder"
"#;

pub struct Postgres {
    keeper: Child,
    folder: PathBuf,
    /// On 127.0.0.1, beside the socket.
    pub port: u16,
}

impl Postgres {
    /// One cluster for a whole test process.
    pub fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Postgres::start(&[]))
    }

    /// A cluster that may be hurt; `settings` are lines of its configuration.
    pub fn start(settings: &[&str]) -> Postgres {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "jagaloket-pg-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let data = folder.join("data");
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(&folder));
        }
        let mut initdb = as_nobody_special(&program("initdb"));
        initdb.args([
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--username",
            USER,
            "--pgdata",
        ]);
        succeed(initdb.arg(&data));
        let port = free_port();
        let mut lines = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nshared_buffers = 16MB\nmax_connections = 200\n",
            folder.display()
        );
        for line in settings {
            lines.push_str(line);
            lines.push('\n');
        }
        let mut conf = fs::OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"))
            .unwrap();
        conf.write_all(lines.as_bytes()).unwrap();
        let postgres = Postgres {
            keeper: keeper(&folder),
            folder,
            port,
        };
        postgres.wait();
        postgres
    }

    /// Where the socket and the data are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn wait(&self) {
        for _ in 0..3_000 {
            let ready = self.command("pg_isready").arg("-q").status().unwrap();
            if ready.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("PostgreSQL does not answer:\n{log}");
    }

    /// A new database: its address.
    pub fn database(&self) -> String {
        self.created(&[])
    }

    /// A copy of one to which nobody is connected.
    pub fn copy(&self, address: &str) -> String {
        self.created(&["--template", name_in(address)])
    }

    fn created(&self, args: &[&str]) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        succeed(self.command("createdb").args(args).arg(&name));
        format!(
            "postgres:///{name}?host={}&port={}&user={USER}",
            self.folder.display(),
            self.port
        )
    }

    /// What `psql` answers to some SQL, unaligned and without headings.
    pub fn psql(&self, address: &str, sql: &str) -> String {
        let mut command = self.command("psql");
        command.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            name_in(address),
            "-c",
            sql,
        ]);
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command
            .arg("-h")
            .arg(&self.folder)
            .args(["-p", &self.port.to_string(), "-U", USER]);
        command
    }

    /// From now on who comes over the network needs one.
    pub fn demand_passwords(&self, address: &str) {
        let lines = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(self.folder.join("data/pg_hba.conf"), lines).unwrap();
        self.psql(address, "SELECT pg_reload_conf()");
    }

    /// Ends the server as a power cut would.
    pub fn crash(&mut self) {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        succeed(Command::new("sh").args(["-c", &format!("kill -QUIT {pid}")]));
        while self.folder.join("data/postmaster.pid").exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn start_again(&mut self) {
        // The keeper of the one that ended only waits to clear the folder away, which is to stay.
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
        self.keeper = keeper(&self.folder);
        self.wait();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn keeper(folder: &Path) -> Child {
    let server = as_nobody_special(&program("postgres"));
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "keeper"]).arg(folder);
    command.arg(server.get_program()).args(server.get_args());
    command.arg("-D").arg(folder.join("data"));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// The server refuses to run as root.
fn as_nobody_special(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"])
        .arg(program);
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

/// Debian keeps the programs of each version in a folder of its own; the newest counts.
fn program(name: &str) -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for folder in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let path = folder.path().join("bin").join(name);
        let version = folder.file_name().to_string_lossy().parse();
        if let (true, Ok(version)) = (path.exists(), version) {
            found.push((version, path));
        }
    }
    let in_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|path| path.exists())
    };
    let newest = found.into_iter().max().map(|(_, path)| path);
    newest.or_else(in_path).unwrap_or_else(|| panic!("{MISSING}"))
}

fn name_in(address: &str) -> &str {
    let rest = address.strip_prefix("postgres:///").unwrap();
    rest.split('?').next().unwrap()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn succeed(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; {MISSING}"));
    assert!(
        output.status.success(),
        "{command:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
