//! What can be wrong with an answer of Redis, by what is to be done about it.

use redis::{ErrorKind, RedisError, ServerError};

/// Why a question to Redis came to nothing. Each is something else to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection is gone, or there was none: connect again.
    Broken,
    /// No answer in time: ask others meanwhile.
    Slow,
    /// It does not let us in: whoever runs it must.
    Refused,
    /// It is of a version that does not know what we need.
    Old,
    /// It cannot answer now, or not at all: ask again later.
    Unable,
    /// It has no room: put nothing there for a while.
    Full,
    /// What stands there is no work of ours: remove it.
    Foreign,
}

impl Fault {
    /// In words that name no address, no key and no value.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Broken => "it cannot be reached, or the connection broke",
            Self::Slow => "it does not answer in time",
            Self::Refused => "it does not take our name and password, or lets us do too little",
            Self::Old => "it is older than Redis 7",
            Self::Unable => "it answers that it cannot serve",
            Self::Full => "it has no room left, and its policy is to refuse",
            Self::Foreign => "what stands there was not put there by us",
        }
    }

    pub(crate) fn of(error: &RedisError) -> Self {
        if error.is_timeout() {
            return Self::Slow;
        }
        if let Some(told) = error.clone().into_server_errors() {
            return told.iter().map(|(_, error)| Self::told(error)).next().unwrap_or(Self::Unable);
        }
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Refused,
            ErrorKind::UnexpectedReturnType => Self::Foreign,
            ErrorKind::InvalidClientConfig | ErrorKind::RESP3NotSupported => Self::Unable,
            _ => Self::Broken,
        }
    }

    /// What the server itself says is wrong: <https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors>.
    fn told(error: &ServerError) -> Self {
        match error.code() {
            "OOM" => Self::Full,
            "WRONGTYPE" => Self::Foreign,
            "NOAUTH" | "WRONGPASS" | "NOPERM" => Self::Refused,
            _ => Self::Unable,
        }
    }
}
