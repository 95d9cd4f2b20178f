//! How Redis is reached.
//!
//! Invariant: its address, which may hold a password, is in no error and no line of the log.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo, TlsCertificates};

use crate::fault::Fault;

/// What a certificate in PEM begins with: <https://www.rfc-editor.org/rfc/rfc7468#section-5.1>.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Why the cache cannot be used as it is set: whoever runs the process changes the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The address.
    #[error(
        "the address of Redis is not of the form redis://[NAME:PASSWORD@]HOST[:PORT][/DATABASE], or rediss://"
    )]
    Address,
    /// The certificates.
    #[error("the certificates to trust Redis by are not PEM, or are for an address without TLS")]
    Certificates,
}

/// Where Redis is, and how long it may take.
pub(crate) struct Link {
    client: Client,
    config: AsyncConnectionConfig,
}

impl Link {
    /// Of an address, and the certificates it is trusted by instead of the machine's, in PEM.
    pub(crate) fn new(
        url: &str,
        certificates: Option<Vec<u8>>,
        connect: Duration,
        answer: Duration,
    ) -> Result<Self, OpenError> {
        // Fails where another part of the process has chosen already, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let info = url.into_connection_info().map_err(|_| OpenError::Address)?;
        let client = match certificates {
            Some(_) if !url.starts_with("rediss://") => return Err(OpenError::Certificates),
            // The client takes a text without a certificate, and trusts nobody.
            Some(pem) if !pem.windows(BEGIN.len()).any(|part| part == BEGIN) => {
                return Err(OpenError::Certificates);
            }
            Some(pem) => {
                let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
                Client::build_with_tls(info, certificates).map_err(|_| OpenError::Certificates)?
            }
            None => Client::open(info).map_err(|_| OpenError::Address)?,
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(connect))
            .set_response_timeout(Some(answer));
        Ok(Self { client, config })
    }

    /// A connection to a Redis that answers, and does what older ones cannot; tried on a key that is not there.
    pub(crate) async fn connect(&self, no_key: &str) -> Result<MultiplexedConnection, Fault> {
        let connected = self.client.get_multiplexed_async_connection_with_config(&self.config).await;
        let mut connection = connected.map_err(|error| Fault::of(&error))?;
        let mut expire = redis::cmd("PEXPIRE");
        expire.arg(no_key).arg(1).arg("NX");
        expire.exec_async(&mut connection).await.map_err(|error| match error.code() {
            Some("ERR") => Fault::Old,
            _ => Fault::of(&error),
        })?;
        Ok(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_an_address_is_refused_and_not_repeated() {
        let open = |url: &str, pem: Option<&[u8]>| {
            let second = Duration::from_secs(1);
            Link::new(url, pem.map(<[u8]>::to_vec), second, second).err()
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("redis://127.0.0.1",                None,                   None),
            ("redis://ann:secret@here:6380/3",   None,                   None),
            ("rediss://:secret@here",            None,                   None),
            ("rediss://here",                    Some(&b"no PEM"[..]),   Some(OpenError::Certificates)),
            ("redis://here",                     Some(&b""[..]),         Some(OpenError::Certificates)),
            ("http://secret@here",               None,                   Some(OpenError::Address)),
            ("redis://",                         None,                   Some(OpenError::Address)),
            ("redis://here/secret",              None,                   Some(OpenError::Address)),
            ("secret",                           None,                   Some(OpenError::Address)),
        ];
        for (url, pem, expected) in cases {
            assert_eq!(open(url, pem), expected, "{url}");
        }
        assert!(!OpenError::Address.to_string().contains("secret"));
    }
}
