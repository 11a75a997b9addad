//! A monitor somewhere else, asked with a token over its interface for programs.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::tls;

/// What one question may take.
const PATIENCE: Duration = Duration::from_secs(30);
const TOKEN: &str = "JAGALOKET_TOKEN";

/// Which monitor: the one of a configuration on this machine, or one by its address and a token.
#[derive(clap::Args, Debug)]
pub(super) struct Where {
    /// The configuration file of the running monitor, on its machine
    #[arg(long, value_name = "FILE", required_unless_present = "url", conflicts_with = "url")]
    pub config: Option<PathBuf>,
    /// The address of a monitor elsewhere; JAGALOKET_TOKEN or --token-file has the token
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A file that holds the token
    #[arg(long, value_name = "FILE", requires = "url")]
    token_file: Option<PathBuf>,
    /// A PEM file of who may have signed the monitor's certificate
    #[arg(long, value_name = "FILE", requires = "url")]
    ca_file: Option<PathBuf>,
}

/// A monitor's address and what opens it.
pub(super) struct Remote {
    base: String,
    token: String,
    agent: ureq::Agent,
}

/// What it answered: well, or why not, with the status.
pub(super) type Told = Result<Value, (u16, String)>;

impl Where {
    /// `None`: it is the one of a configuration.
    pub fn remote(&self) -> anyhow::Result<Option<Remote>> {
        let Some(url) = &self.url else { return Ok(None) };
        let base = url.trim_end_matches('/');
        let host = base
            .strip_prefix("http://")
            .map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
        if host.is_some_and(|host| !matches!(host, "127.0.0.1" | "localhost" | "[")) {
            bail!("a token must not cross a network in the clear: use https:// with {base}");
        }
        if host.is_none() && !base.starts_with("https://") {
            bail!("{base} is no address of a monitor: it begins with https://");
        }
        let token = match &self.token_file {
            Some(file) => std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?,
            None => std::env::var(TOKEN).with_context(|| {
                format!("no token: make one on the page \"My account\" and set {TOKEN}, or name a --token-file")
            })?,
        };
        let roots = tls::trust(self.ca_file.as_deref())?;
        // A start may have chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .user_agent(concat!("jagaloket/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .tls_config(ureq::tls::TlsConfig::builder().root_certs(roots).build());
        Ok(Some(Remote {
            base: base.to_owned(),
            token: token.trim().to_owned(),
            agent: ureq::Agent::new_with_config(config.build()),
        }))
    }

    pub fn config(&self) -> anyhow::Result<&PathBuf> {
        self.config.as_ref().context("name a configuration with --config")
    }
}

impl Remote {
    pub fn read(&self, path: &str, pairs: &[(&str, Option<&str>)]) -> anyhow::Result<Told> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in pairs {
            if let Some(value) = value {
                request = request.query(name, value);
            }
        }
        let answer = request.header("authorization", format!("Bearer {}", self.token)).call();
        told(answer.with_context(|| format!("asking {}", self.base))?)
    }

    pub fn send(&self, path: &str, body: &Value) -> anyhow::Result<Told> {
        let answer = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .send(body.to_string());
        told(answer.with_context(|| format!("asking {}", self.base))?)
    }
}

fn told(mut answer: ureq::http::Response<ureq::Body>) -> anyhow::Result<Told> {
    let status = answer.status();
    let text = answer
        .body_mut()
        .read_to_string()
        .context("the monitor's answer cannot be read")?;
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(Ok(value));
    }
    let detail = value["detail"]
        .as_str()
        .unwrap_or("it is no monitor, or a proxy answers for it");
    Ok(Err((status.as_u16(), detail.to_owned())))
}
