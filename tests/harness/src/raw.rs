//! Plain HTTP, for what the generated client cannot send, and for transcripts.

use std::fmt::Write as _;
use std::net::IpAddr;

use reqwest::{Method, Response};
use serde_json::Value;

/// A plain HTTP client.
#[derive(Clone)]
pub struct Raw {
    base: String,
    http: reqwest::Client,
    token: Option<String>,
}

impl Raw {
    pub(crate) fn new(base: &str) -> Self {
        // `pbx-client` installs the cryptography provider that reqwest needs even for plain HTTP.
        let _ = pbx_client::Client::new(base);
        Self {
            base: base.to_owned(),
            http: reqwest::Client::new(),
            token: None,
        }
    }

    pub(crate) fn bound_to(base: &str, address: IpAddr) -> Self {
        let raw = Self::new(base);
        let http = reqwest::Client::builder().local_address(address).build();
        Self {
            http: http.expect("a client"),
            ..raw
        }
    }

    /// Sends this token from now on.
    pub fn set_token(&mut self, token: &str) {
        self.token = Some(token.to_owned());
    }

    /// Returns the token that is sent.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Returns a request builder.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends GET with these query parameters, which are encoded here.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Exchange {
        let mut command = format!("curl -G $API{path}");
        for (name, value) in query {
            let _ = write!(command, " --data-urlencode {}", quoted(&format!("{name}={value}")));
        }
        if query.is_empty() {
            command = format!("curl $API{path}");
        }
        self.exchange(command, self.request(Method::GET, path).query(query))
            .await
    }

    /// Sends POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Exchange {
        let command = format!("curl $API{path} --json {}", quoted(&body.to_string()));
        self.exchange(command, self.request(Method::POST, path).json(body))
            .await
    }

    /// Like [`post`](Self::post), to a server that may be gone: returns `None` without a complete and successful response.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Exchange> {
        let response = self.request(Method::POST, path).json(body).send().await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        let status = response.status().as_u16();
        Some(Exchange {
            command: String::new(),
            status,
            headers: Vec::new(),
            body: response.text().await.ok()?,
        })
    }

    /// Sends POST without a body.
    pub async fn post_empty(&self, path: &str) -> Exchange {
        self.exchange(format!("curl -X POST $API{path}"), self.request(Method::POST, path))
            .await
    }

    /// Sends POST with a form.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Exchange {
        let mut command = format!("curl $API{path}");
        for (name, value) in fields {
            let _ = write!(command, " -d {}", quoted(&format!("{name}={value}")));
        }
        self.exchange(command, self.request(Method::POST, path).form(fields))
            .await
    }

    /// Sends POST with any body.
    pub async fn post_text(&self, path: &str, content_type: &str, body: impl Into<String>) -> Exchange {
        let body = body.into();
        let shown = if body.len() > 200 {
            format!("@file-of-{}-bytes", body.len())
        } else {
            quoted(&body)
        };
        let command = format!("curl $API{path} -H 'Content-Type: {content_type}' -d {shown}");
        let request = self
            .request(Method::POST, path)
            .header("content-type", content_type)
            .body(body);
        self.exchange(command, request).await
    }

    /// Sends any method without a body.
    pub async fn send_empty(&self, method: Method, path: &str) -> Exchange {
        let command = if method == Method::HEAD {
            format!("curl -I $API{path}")
        } else {
            format!("curl -X {method} $API{path}")
        };
        self.exchange(command, self.request(method, path)).await
    }

    /// Sends a request that was built from [`request`](Self::request).
    pub async fn send_request(&self, request: reqwest::RequestBuilder) -> Exchange {
        Exchange::read(String::new(), request.send().await.expect("a response")).await
    }

    async fn exchange(&self, command: String, request: reqwest::RequestBuilder) -> Exchange {
        let command = match &self.token {
            Some(_) => command.replacen("curl", "curl -H \"Authorization: Bearer $TOKEN\"", 1),
            None => command,
        };
        Exchange::read(command, request.send().await.expect("a response")).await
    }
}

/// A request, as a user would type it, and its response.
#[derive(Debug, Clone)]
pub struct Exchange {
    command: String,
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body as received.
    pub body: String,
}

/// Headers that a transcript shows.
const SHOWN: &[&str] = &[
    "allow",
    "content-disposition",
    "content-type",
    "retry-after",
    "www-authenticate",
];

impl Exchange {
    async fn read(command: String, response: Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        let exchange = Self {
            command,
            status,
            headers,
            body: response.text().await.expect("a body"),
        };
        exchange.check_places();
        exchange
    }

    /// Checks that every violation has one spelling of its place for persons, and one for programs.
    fn check_places(&self) {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        for error in body["errors"].as_array().into_iter().flatten() {
            let (message, detail) = (error["message"].as_str(), error["detail"].as_str());
            let (Some(message), Some(detail)) = (message, detail) else {
                continue;
            };
            let place = detail.split(' ').next().unwrap_or_default();
            let Some((_, pointer)) = place.split_once("#/").filter(|_| error["code"] == "VALIDATE_FAILED") else {
                continue;
            };
            // Only names of callers are encoded or escaped.
            if pointer.contains(['%', '~', '…']) {
                continue;
            }
            let mut name = String::new();
            for segment in pointer.split('/') {
                match segment.parse::<usize>() {
                    Ok(index) => name += &format!("[{index}]"),
                    Err(_) if name.is_empty() => name += segment,
                    Err(_) => name += &format!(".{segment}"),
                }
            }
            assert!(message.contains(&format!("`{name}`")), "{detail}: {message}");
        }
    }

    /// Returns the body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Returns the first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the code of every error in the envelope.
    pub fn codes(&self) -> Vec<String> {
        let errors = &self.json()["errors"];
        let errors = errors.as_array().expect("the error envelope").iter();
        errors
            .map(|error| error["code"].as_str().expect("a code").to_owned())
            .collect()
    }

    /// Returns the request, then status, some headers and the body of the response.
    pub fn transcript(&self) -> String {
        let mut text = format!("$ {}\n{}\n", self.command, self.status);
        for name in SHOWN {
            if let Some(value) = self.header(name) {
                let _ = writeln!(text, "{name}: {value}");
            }
        }
        if !self.body.is_empty() {
            let pretty = serde_json::from_str::<Value>(&self.body)
                .ok()
                .and_then(|json| serde_json::to_string_pretty(&json).ok());
            let _ = writeln!(text, "\n{}", pretty.as_deref().unwrap_or(&self.body).trim_end());
        }
        text
    }
}

/// Quotes a string for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Replaces what differs between runs by names, the same string by the same name throughout.
#[derive(Debug, Default)]
pub struct Redactions {
    seen: Vec<(String, String)>,
    ids: usize,
    tokens: usize,
}

impl Redactions {
    /// Replaces IDs and tokens by `[id-1]`, `[token-1]`, ... in order of appearance.
    pub fn apply(&mut self, text: &str) -> String {
        let mut redacted = String::with_capacity(text.len());
        let mut word = String::new();
        for character in text.chars().chain(['\0']) {
            if character.is_ascii_alphanumeric() {
                word.push(character);
                continue;
            }
            redacted.push_str(&self.word(std::mem::take(&mut word)));
            if character != '\0' {
                redacted.push(character);
            }
        }
        redacted
    }

    fn word(&mut self, word: String) -> String {
        let id = matches!(word.len(), 18 | 19) && word.bytes().all(|byte| byte.is_ascii_digit());
        let token = word.len() == 48
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        if !id && !token {
            return word;
        }
        if let Some((_, name)) = self.seen.iter().find(|(seen, _)| *seen == word) {
            return name.clone();
        }
        let name = if id {
            self.ids += 1;
            format!("[id-{}]", self.ids)
        } else {
            self.tokens += 1;
            format!("[token-{}]", self.tokens)
        };
        self.seen.push((word, name.clone()));
        name
    }
}
