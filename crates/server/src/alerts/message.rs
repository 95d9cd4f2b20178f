//! A message to a webhook, in the form in which Prometheus's Alertmanager tells of one alert, so that what takes those
//! takes these: <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::Instant;

use super::condition::Condition;
use super::state::Change;

/// What is told.
pub(super) struct Message<'a> {
    pub(super) condition: &'a Condition,
    /// What is the matter.
    pub(super) summary: &'a str,
    pub(super) change: Change,
    pub(super) now: Instant,
    pub(super) instance: &'a str,
}

/// When what is not over ends.
const NEVER: &str = "0001-01-01T00:00:00Z";

impl Message<'_> {
    /// Its JSON.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let Condition { name, severity, description, .. } = self.condition;
        let (status, since, value, ends) = match self.change {
            Change::Fired { since, value } => ("firing", since, Some(value), NEVER.to_owned()),
            Change::Resolved { since } => ("resolved", since, None, self.now.to_string()),
        };
        let named = Object::new().with("alertname", *name).with("instance", self.instance);
        let labels = named.clone().with("job", "anamnesis").with("severity", severity.name());
        let mut annotations = Object::new().with("summary", self.summary).with("description", *description);
        annotations.push("runbook", format!("docs/monitoring.md#{}", name.to_lowercase()));
        if let Some(value) = value {
            annotations.push("value", format!("{value:.3}"));
        }
        let alert = Object::new()
            .with("status", status)
            .with("labels", labels.clone())
            .with("annotations", annotations.clone())
            .with("startsAt", since.to_string())
            .with("endsAt", ends)
            .with("generatorURL", "")
            .with("fingerprint", self.fingerprint());
        let message = Object::new()
            .with("version", "4")
            .with("groupKey", format!("{name}:{}", self.instance))
            .with("truncatedAlerts", 0_u64)
            .with("status", status)
            .with("receiver", "anamnesis")
            .with("groupLabels", named)
            .with("commonLabels", labels)
            .with("commonAnnotations", annotations)
            .with("externalURL", "")
            .with("alerts", vec![Value::from(alert)]);
        message.to_text()
    }

    /// The same for all that is told of one alert of one server (FNV-1a).
    fn fingerprint(&self) -> String {
        let bytes = self.condition.name.bytes().chain([0]).chain(self.instance.bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{hash:016x}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::condition::CONDITIONS;
    use super::*;

    #[test]
    fn what_is_over_is_the_same_alert() {
        let condition = CONDITIONS.first().unwrap();
        let since = Instant::from_micros(1_000_000);
        let told = |change| {
            let now = Instant::from_micros(9_000_000);
            let message = Message { condition, summary: "so", change, now, instance: "here" };
            String::from_utf8(message.to_bytes()).unwrap()
        };
        let fired = told(Change::Fired { since, value: 2.0 });
        let over = told(Change::Resolved { since });
        let begins = "\"startsAt\":\"1970-01-01T00:00:01.000000Z\"";
        assert!(fired.contains("\"status\":\"firing\"") && fired.contains(begins), "{fired}");
        assert!(fired.contains("\"value\":\"2.000\"") && fired.contains(NEVER), "{fired}");
        assert!(over.contains("\"status\":\"resolved\"") && over.contains(begins), "{over}");
        assert!(over.contains("\"endsAt\":\"1970-01-01T00:00:09.000000Z\""), "{over}");
        let print = |text: &str| text.split("fingerprint\":\"").nth(1).unwrap()[..16].to_owned();
        assert_eq!(print(&fired), print(&over));
    }
}
