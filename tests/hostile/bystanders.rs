//! Clients who do nothing wrong, and the latencies of their requests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pbx_client::types::{CreateIpRule, IpRuleTarget, RefreshTokens, SignIn, SignInResult, UpdateAdminSettings};
use pbx_client::{Client, Error, Field, RetryPolicy};
use pbx_test_harness::{ADMINISTRATOR, PASSWORD};

/// The deadline of every request.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// The pause between two requests.
const PACE: Duration = Duration::from_millis(10);

/// The number of cycles of each bystander once the attack is in force.
const CYCLES: usize = 6;

/// A bystander gives up after this many failures: each may last until its deadline.
const MAX_FAILURES: usize = 2;

/// One who opens a connection for each cycle, and one who keeps it.
const BYSTANDERS: [(&str, bool); 2] = [("127.0.0.1", false), ("127.0.1.1", true)];

/// Bystanders at work, each on its own thread, so that attackers in this process do not delay them.
pub(crate) struct Bystanders {
    threads: Vec<JoinHandle<Latencies>>,
    last_cycles: Arc<AtomicBool>,
}

impl Bystanders {
    /// Starts them.
    pub(crate) fn start(base: &str) -> Self {
        let last_cycles = Arc::new(AtomicBool::new(false));
        let threads = BYSTANDERS.map(|(address, keeps_connections)| {
            let mut bystander = Bystander {
                base: base.to_owned(),
                address: address.parse().unwrap(),
                kept: None,
                keeps_connections,
                latencies: Latencies::default(),
            };
            let last_cycles = Arc::clone(&last_cycles);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(bystander.run(&last_cycles));
                bystander.latencies
            })
        });
        Self {
            threads: threads.into(),
            last_cycles,
        }
    }

    /// Lets each make some more cycles; returns the latencies of all of its requests.
    pub(crate) fn finish(self) -> Latencies {
        self.last_cycles.store(true, Ordering::Relaxed);
        let mut all = Latencies::default();
        for thread in self.threads {
            all.merge(thread.join().unwrap());
        }
        all
    }
}

struct Bystander {
    base: String,
    address: IpAddr,
    kept: Option<reqwest::Client>,
    keeps_connections: bool,
    latencies: Latencies,
}

impl Bystander {
    async fn run(&mut self, last_cycles: &AtomicBool) {
        let mut remaining = CYCLES;
        for number in 0.. {
            // A failed request is recorded, and the rest of its cycle is left out.
            let _ = self.cycle(number).await;
            if last_cycles.load(Ordering::Relaxed) {
                remaining -= 1;
            }
            if remaining == 0 || self.latencies.failures.len() >= MAX_FAILURES {
                return;
            }
        }
    }

    /// Signs in, reads, writes, lists, refreshes the tokens and signs out.
    async fn cycle(&mut self, number: u32) -> Option<()> {
        let http = self.http();
        let client = |token: Option<pbx_client::Secret>| {
            let builder = Client::builder().url(&*self.base).http_client(http.clone());
            let builder = builder.request_timeout(DEADLINE).retry(RetryPolicy::none());
            match token {
                Some(token) => builder.token(token),
                None => builder,
            }
            .build()
            .unwrap()
        };
        let anonymous = client(None);
        let latencies = &mut self.latencies;
        let signing_in = anonymous.sign_in().body(SignIn::new(ADMINISTRATOR, PASSWORD)).send();
        let kind = if self.keeps_connections {
            "sign in"
        } else {
            "connect, sign in"
        };
        let SignInResult::TokenSet(tokens) = latencies.measure(kind, signing_in).await?.into_inner() else {
            return None;
        };
        let admin = client(tokens.access_token);
        latencies
            .measure("show settings", admin.retrieve_admin_settings().send())
            .await?;
        let update = UpdateAdminSettings {
            flow_timer: Field::Value(i64::from(number % 60) + 1),
            ..UpdateAdminSettings::default()
        };
        let updating = admin.update_admin_settings().body(update).send();
        latencies.measure("update settings", updating).await?;
        let listing = admin.list_tenants().filter("endswith(name,'-')").send();
        latencies.measure("list tenants", listing).await?;
        let IpAddr::V4(address) = self.address else {
            unreachable!("bystanders have IPv4 addresses")
        };
        let [.., third, _] = address.octets();
        let rule = CreateIpRule::new(format!("192.0.2.{third}"), IpRuleTarget::Deny);
        let creating = admin.create_ip_rule().body(rule).send();
        let rule = latencies
            .measure("create an IP rule", creating)
            .await?
            .into_inner()
            .id?;
        latencies
            .measure("delete an IP rule", admin.delete_ip_rule().id(rule).send())
            .await?;
        let refresh = RefreshTokens::new(tokens.refresh_token?);
        let refreshing = anonymous.refresh_tokens().body(refresh).send();
        let tokens = latencies.measure("refresh tokens", refreshing).await?.into_inner();
        let admin = client(tokens.access_token);
        latencies.measure("sign out", admin.sign_out().send()).await?;
        Some(())
    }

    fn http(&mut self) -> reqwest::Client {
        if let Some(kept) = &self.kept {
            return kept.clone();
        }
        // `pbx-client` installs the cryptography provider that reqwest needs even for plain HTTP.
        let _ = Client::new(&self.base);
        let http = reqwest::Client::builder()
            .local_address(self.address)
            .no_proxy()
            .build();
        let http = http.unwrap();
        self.kept = self.keeps_connections.then(|| http.clone());
        http
    }
}

/// The latencies of served requests, and the failed ones.
#[derive(Default)]
pub(crate) struct Latencies {
    served: BTreeMap<&'static str, Vec<Duration>>,
    failures: Vec<String>,
}

impl Latencies {
    async fn measure<T>(&mut self, kind: &'static str, request: impl Future<Output = Result<T, Error>>) -> Option<T> {
        let start = Instant::now();
        let outcome = request.await;
        let duration = start.elapsed();
        tokio::time::sleep(PACE).await;
        match outcome {
            Ok(response) => {
                self.served.entry(kind).or_default().push(duration);
                Some(response)
            }
            Err(error) => {
                let failure = format!("{kind}, after {:.1} s: {error}", duration.as_secs_f64());
                self.failures.push(failure);
                None
            }
        }
    }

    /// Adds those of another measurement.
    pub(crate) fn merge(&mut self, other: Self) {
        for (kind, durations) in other.served {
            self.served.entry(kind).or_default().extend(durations);
        }
        self.failures.extend(other.failures);
    }

    /// Asserts that no request failed or exceeded its deadline.
    pub(crate) fn assert_all_served(&self, name: &str, when: &str) {
        let served: usize = self.served.values().map(Vec::len).sum();
        let failed = self.failures.len();
        assert!(
            self.failures.is_empty(),
            "{name}: {failed} requests of bystanders failed {when}, {served} were served:\n  {}",
            self.failures.join("\n  ")
        );
    }

    /// Returns a table of the 99th percentiles, and their ratios to those of another measurement.
    pub(crate) fn compared_with(&self, calm: &Self) -> String {
        let mut table = String::new();
        for (kind, before) in &calm.served {
            let (before, number) = (percentile(before), self.served.get(kind).map_or(0, Vec::len));
            let _ = match self.served.get(kind).map(|durations| percentile(durations)) {
                Some(after) => writeln!(
                    table,
                    "  {kind:<18} p99 {before:>8.1} ms, under attack {after:>8.1} ms, ratio {:>6.1}, of {number}",
                    after / before
                ),
                None => writeln!(table, "  {kind:<18} p99 {before:>8.1} ms, under attack none served"),
            };
        }
        for failure in &self.failures {
            let _ = writeln!(table, "  FAILED: {failure}");
        }
        table
    }
}

/// Returns the 99th percentile, in milliseconds.
fn percentile(durations: &[Duration]) -> f64 {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * 99).div_ceil(100);
    sorted[rank - 1].as_secs_f64() * 1000.0
}
