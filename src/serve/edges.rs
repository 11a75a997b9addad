//! What a configuration says, in the words of the edges: the broker, the MQTT client, the mailer, the door's provider.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::watch;

use crate::{broker, config, door, mailer, mqtt};

/// Who vouches for people beside us.
pub(super) fn provider_of(web: &config::Web) -> Option<door::Provider> {
    web.oidc.as_ref().map(|oidc| door::Provider {
        issuer: oidc.issuer.clone(),
        client: oidc.client_id.clone(),
        secret: oidc.secret.as_ref().map(|secret| secret.reveal().to_owned()),
        name: oidc.name.clone(),
        groups: oidc.groups.clone(),
        roles: oidc
            .roles
            .iter()
            .map(|mapped| door::Mapped {
                group: mapped.group.clone(),
                role: mapped.role,
                office: mapped.office.clone(),
            })
            .collect(),
    })
}

pub(super) fn broker_settings(embedded: &config::Embedded, devices: Vec<broker::Device>) -> broker::Settings {
    broker::Settings {
        listen: embedded.listen,
        tls: broker_tls(embedded),
        devices,
        anonymous: embedded.anonymous,
    }
}

pub(super) fn broker_tls(embedded: &config::Embedded) -> Option<broker::Tls> {
    embedded.tls.as_ref().map(|tls| broker::Tls {
        listen: tls.listen,
        certificate_file: tls.cert.clone(),
        key_file: tls.key.clone(),
        client_ca_file: tls.client_ca.clone(),
    })
}

pub(super) fn client_settings(external: &config::External) -> mqtt::Settings {
    let login = external.login.as_ref().map(|login| mqtt::Login {
        user: login.user.clone(),
        password: login.password.reveal().to_string(),
    });
    let tls = external.tls.as_ref().map(|tls| mqtt::Tls {
        ca_file: tls.ca.clone(),
        client: tls
            .client
            .clone()
            .map(|(certificate_file, key_file)| mqtt::ClientCertificate {
                certificate_file,
                key_file,
            }),
    });
    mqtt::Settings {
        version: match external.protocol {
            config::Protocol::V4 => mqtt::Version::V311,
            config::Protocol::V5 => mqtt::Version::V5,
        },
        client_id: external.client_id.clone(),
        login,
        tls,
        window: external.window,
        ..mqtt::Settings::new(&external.host, external.port)
    }
}

pub(super) fn mail_settings(
    mail: &config::Mail,
    names: watch::Receiver<HashMap<String, String>>,
) -> Result<Option<mailer::Settings>> {
    let Some(way) = &mail.way else { return Ok(None) };
    let way = match way {
        config::MailWay::Directory(folder) => mailer::Way::Directory(folder.clone()),
        config::MailWay::Smtp(smtp) => mailer::Way::Smtp(mailer::Smtp {
            host: smtp.host.clone(),
            port: smtp.port,
            encryption: match smtp.encryption {
                config::Encryption::None => mailer::Encryption::None,
                config::Encryption::StartTls => mailer::Encryption::StartTls,
                config::Encryption::Tls => mailer::Encryption::Tls,
            },
            ca_file: smtp.ca.clone(),
            login: smtp
                .login
                .as_ref()
                .map(|login| (login.user.clone(), login.password.reveal().to_string())),
        }),
    };
    Ok(Some(mailer::Settings {
        way,
        from: mail
            .from
            .parse()
            .context("`mail.from` is not an address like \"Jagaloket <jagaloket@kantor.example>\"")?,
        names,
        give_up_after_ms: mail.give_up_after_ms,
        deadline: Duration::from_millis(u64::try_from(mail.deadline_ms).unwrap_or(60_000)),
    }))
}
