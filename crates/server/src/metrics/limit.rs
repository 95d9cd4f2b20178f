//! The limits that a client can meet before its request is worked on.

/// A limit that a client can meet before its request is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// `limits.connections_max`
    Connections,
    /// `limits.head_ms_max`
    Head,
    /// `limits.body_ms_max`
    Body,
    /// `limits.bodies_bytes_max`
    Bodies,
    /// `limits.answer_ms_max`
    Answer,
    /// `limits.idle_ms_max`
    Idle,
    /// `limits.queue_max` or `limits.queue_ms_max`
    Queue,
}

impl Limit {
    /// All of them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Connections, Self::Head, Self::Body, Self::Bodies, Self::Answer, Self::Idle, Self::Queue];

    /// Those that say that there were too many clients at once.
    pub(super) const CROWDS: [Self; 3] = [Self::Connections, Self::Queue, Self::Bodies];

    /// Its name as a label.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Head => "head",
            Self::Body => "body",
            Self::Bodies => "bodies",
            Self::Answer => "answer",
            Self::Idle => "idle",
            Self::Queue => "queue",
        }
    }
}
