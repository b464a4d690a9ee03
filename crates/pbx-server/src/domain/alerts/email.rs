//! What the mails say: what it is, where, since when, and what to do about it.

use std::fmt::Write as _;

use super::{Cause, Claim};
use crate::mail::Email;

const HOW_OFTEN: &str = "There is at most one such mail an hour. The notification settings say whether\n\
    it is sent and to whom (POST /admin/notification).";

/// The mail about a cause.
pub(super) fn email(claim: &Claim) -> Email {
    let Claim {
        cause,
        events,
        count,
        web_domain,
        settings,
    } = claim;
    let (what, about, to_do) = words(*cause);
    let place = web_domain
        .as_deref()
        .map_or_else(String::new, |name| format!(" {name}"));
    let mut content = format!("{about}\n\n");
    for event in events {
        // Times are UTC, as everywhere in the API; fractions of a second would only be in the way.
        let at = event.at.strftime("%Y-%m-%d %H:%M:%S UTC");
        // Writing to a String does not fail.
        let _ = writeln!(content, "{at}  {}: {}", event.subject, event.detail);
    }
    let more = count.saturating_sub(i64::try_from(events.len()).unwrap_or(i64::MAX));
    if more > 0 {
        let _ = writeln!(content, "... and {more} more.");
    }
    let _ = writeln!(content, "\nWhat to do: {to_do}\n\n{HOW_OFTEN}");
    Email {
        recipients: settings.recipients(),
        subject: format!("PBX{place}: {what}"),
        content,
    }
}

/// A reading that reached its threshold.
pub(super) fn measured(value: f64, threshold: f64, place: &str) -> String {
    let of = if place.is_empty() {
        String::new()
    } else {
        format!(" of the disk with {place}")
    };
    format!("{value:.1} %{of} in use, the threshold is {threshold} %")
}

/// The subject, what it is about, and what to do.
fn words(cause: Cause) -> (&'static str, &'static str, &'static str) {
    match cause {
        Cause::HardDisk => (
            "hard disk nearly full",
            "The disk with the data of the PBX is as full as your threshold says:",
            "make room, or give the machine a larger disk.\n\
             The PBX cannot store anything on a full one.",
        ),
        Cause::Cpu => (
            "CPU busy",
            "The processors of the machine are as busy as your threshold says:",
            "look which program it is. If it is the load of every day,\n\
             give the machine more processors.",
        ),
        Cause::Memory => (
            "memory nearly used up",
            "The memory of the machine is used as far as your threshold says:",
            "look which program it is. If it is the load of every day,\n\
             give the machine more memory.",
        ),
        Cause::IpBlocked => (
            "IP address blocked",
            "Addresses were blocked after too many sign-ins that failed:",
            "nothing, if they are strangers. To let one in again, remove its\n\
             rule (see GET /ip_filters); to never block it, give it an ACCEPT rule.",
        ),
        Cause::LicenseLimited => (
            "licence limit reached",
            "Something was refused because the licence of the PBX does not allow more:",
            "remove what is not needed, or bring a larger licence with\n\
             POST /license.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::admin::notification::Notification;
    use crate::domain::alerts::Event;

    fn claim(cause: Cause, count: i64) -> Claim {
        Claim {
            cause,
            events: vec![Event {
                subject: "pbx1".to_owned(),
                at: "2026-03-01T05:59:59.9Z".parse().unwrap(),
                detail: measured(91.25, 90.0, "/var/lib/pbx"),
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
    fn a_mail_says_what_where_when_and_what_to_do() {
        let email = email(&claim(Cause::HardDisk, 1));
        assert_eq!(email.recipients, ["a@example.com", "b@example.com"]);
        assert_eq!(email.subject, "PBX pbx.example.com: hard disk nearly full");
        let line =
            "2026-03-01 05:59:59 UTC  pbx1: 91.2 % of the disk with /var/lib/pbx in use, the threshold is 90 %\n";
        assert!(email.content.contains(line), "{}", email.content);
        assert!(email.content.contains("What to do: make room"));
        assert!(!email.content.contains("more."), "{}", email.content);
    }

    #[test]
    fn what_is_not_listed_is_counted() {
        let email = email(&claim(Cause::IpBlocked, 3));
        assert!(email.content.contains("\n... and 2 more.\n"), "{}", email.content);
    }
}
