//! How the client for an external broker is let in or kept out: TLS, certificates, passwords.

use std::path::Path;
use std::process::Command;

use jagaloket::mqtt::{ClientCertificate, Login, Settings, Tls};

use super::{BOTH, Mosquitto, Peer, publish_lines, text, until};

/// A certificate authority, a server and a client, made with openssl.
pub fn certificates(dir: &Path) {
    let script = r#"
set -e
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=test authority" -keyout ca.key -out ca.pem \
    -addext "basicConstraints=critical,CA:TRUE"
for who in server client; do
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$who" -keyout $who.key -out $who.csr
    printf "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n" > $who.ext
    openssl x509 -req -days 2 -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile $who.ext -out $who.pem
done
"#;
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "openssl failed (apt-get install openssl): {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn tls_with_a_client_certificate_lets_us_in_and_without_one_keeps_us_out() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    let at = |name: &str| dir.path().join(name);
    let (ca, certificate, key) = (at("ca.pem"), at("client.pem"), at("client.key"));
    let mosquitto = Mosquitto::start_in(
        dir,
        "cafile DIR/ca.pem\ncertfile DIR/server.pem\nkeyfile DIR/server.key\nrequire_certificate true\n",
    );
    for version in BOTH {
        let with = |client| Settings {
            tls: Some(Tls {
                ca_file: Some(ca.clone()),
                client,
            }),
            ..mosquitto.settings(version)
        };
        let settings = with(Some(ClientCertificate {
            certificate_file: certificate.clone(),
            key_file: key.clone(),
        }));
        let mut peer = Peer::start(&settings);
        peer.connected().await;
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let options = [
            "--cafile",
            &path(&ca),
            "--cert",
            &path(&certificate),
            "--key",
            &path(&key),
        ];
        publish_lines(mosquitto.port, version, &options, "over TLS");
        assert_eq!(text(&peer.next().await), "over TLS");
        peer.stop().await;

        let outsider = Peer::start(&with(None));
        let refused = until(&mut outsider.running.line(), |line| line.last_error.is_some()).await;
        assert_eq!(refused.connections, 0, "{refused:?}");
        outsider.stop().await;

        let stranger = Settings {
            tls: Some(Tls {
                ca_file: None,
                client: None,
            }),
            ..settings
        };
        let stranger = Peer::start(&stranger);
        let unknown = until(&mut stranger.running.line(), |line| line.last_error.is_some()).await;
        assert!(unknown.last_error.unwrap().contains("certificate"));
        stranger.stop().await;
    }
}

#[tokio::test]
async fn the_right_password_lets_us_in_and_the_wrong_one_is_told_and_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let password_file = dir.path().join("passwords");
    let made = Command::new("mosquitto_passwd")
        .arg("-b")
        .arg("-c")
        .arg(&password_file)
        .args(["monitor", "right"])
        .status();
    assert!(
        made.expect("mosquitto_passwd is missing: apt-get install mosquitto")
            .success()
    );
    let mosquitto = Mosquitto::start_in(dir, "allow_anonymous false\npassword_file DIR/passwords\n");
    for version in BOTH {
        let with = |password: &str| Settings {
            login: Some(Login {
                user: "monitor".into(),
                password: password.into(),
            }),
            ..mosquitto.settings(version)
        };
        let peer = Peer::start(&with("right"));
        peer.connected().await;
        peer.stop().await;
        let peer = Peer::start(&with("wrong"));
        let mut line = peer.running.line();
        let refused = until(&mut line, |line| line.last_error.is_some()).await;
        assert!(refused.last_error.unwrap().contains("refused"), "says why");
        peer.stop().await;
    }
}
