//! The mail of an alert: its cause, the events with their times, and the remedy.

use std::fmt::Write as _;

use super::{Alert, Cause};
use crate::mail::Email;

const FREQUENCY: &str = "There is at most one such mail an hour. The notification settings say whether\n\
    it is sent and to whom (POST /admin/notification).";

impl Alert {
    /// Returns the mail to send.
    pub fn to_email(&self) -> Email {
        let (title, description, remedy) = template(self.cause);
        let installation = self
            .web_domain
            .as_deref()
            .map_or_else(String::new, |name| format!(" {name}"));
        let mut content = format!("{description}\n\n");
        for event in &self.events {
            // Times are UTC, as everywhere in the API; fractions of a second would distract.
            let at = event.at.strftime("%Y-%m-%d %H:%M:%S UTC");
            // Writing to a String does not fail.
            let _ = writeln!(content, "{at}  {}: {}", event.subject, event.detail);
        }
        let listed = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        let more = self.count.saturating_sub(listed);
        if more > 0 {
            let _ = writeln!(content, "... and {more} more.");
        }
        let _ = writeln!(content, "\nWhat to do: {remedy}\n\n{FREQUENCY}");
        Email {
            recipients: self.settings.recipients(),
            subject: format!("PBX{installation}: {title}"),
            content,
        }
    }
}

/// Returns the description of a measurement that has reached its threshold; of a disk with its directory.
pub fn measurement(value: f64, threshold: f64, directory: &str) -> String {
    let of = if directory.is_empty() {
        String::new()
    } else {
        format!(" of the disk with {directory}")
    };
    format!("{value:.1} %{of} in use, the threshold is {threshold} %")
}

/// Returns the title of a cause, its description and its remedy.
fn template(cause: Cause) -> (&'static str, &'static str, &'static str) {
    match cause {
        Cause::HardDisk => (
            "hard disk nearly full",
            "The disk with the data of the PBX has reached your threshold:",
            "free disk space, or give the machine a larger disk.\n\
             The PBX cannot store anything on a full disk.",
        ),
        Cause::Cpu => (
            "CPU busy",
            "The processors of the machine have reached your threshold:",
            "find the program that uses them. If this is the usual load,\n\
             give the machine more processors.",
        ),
        Cause::Memory => (
            "memory nearly used up",
            "The memory of the machine has reached your threshold:",
            "find the program that uses it. If this is the usual load,\n\
             give the machine more memory.",
        ),
        Cause::IpBlocked => (
            "IP address blocked",
            "Addresses were blocked after too many failed sign-ins:",
            "nothing, if you do not know them. To unblock an address, delete its\n\
             rule (see GET /ip_filters); to never block it, create an ACCEPT rule.",
        ),
        Cause::LicenseLimited => (
            "license limit reached",
            "Operations were refused because of the limits of the PBX's license:",
            "delete users who are not needed, or install a larger license with\n\
             POST /license.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::notification::Notification;
    use crate::alerts::Event;

    fn alert(cause: Cause, count: i64) -> Alert {
        Alert {
            cause,
            events: vec![Event {
                subject: "pbx1".to_owned(),
                at: "2026-03-01T05:59:59.9Z".parse().unwrap(),
                detail: measurement(91.25, 90.0, "/var/lib/pbx"),
            }],
            count,
            web_domain: Some("pbx.example.com".to_owned()),
            settings: Notification {
                recipients: Some("a@example.com,b@example.com".to_owned()),
                ..Notification::default()
            },
        }
    }

    #[test]
    fn a_mail_has_cause_installation_time_and_remedy() {
        let email = alert(Cause::HardDisk, 1).to_email();
        assert_eq!(email.recipients, ["a@example.com", "b@example.com"]);
        assert_eq!(email.subject, "PBX pbx.example.com: hard disk nearly full");
        let line =
            "2026-03-01 05:59:59 UTC  pbx1: 91.2 % of the disk with /var/lib/pbx in use, the threshold is 90 %\n";
        assert!(email.content.contains(line), "{}", email.content);
        assert!(email.content.contains("What to do: free disk space"));
        assert!(!email.content.contains("more."), "{}", email.content);
    }

    #[test]
    fn unlisted_events_are_counted() {
        let email = alert(Cause::IpBlocked, 3).to_email();
        assert!(email.content.contains("\n... and 2 more.\n"), "{}", email.content);
    }
}
