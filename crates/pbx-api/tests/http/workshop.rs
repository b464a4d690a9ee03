//! An implementation of the fixture's traits that returns its arguments.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use pbx_api::list::{ListParameters, Page};
use pbx_api::{Api, Bytes, Call, Field, Location, Operation, Patch, Problem, RequestInfo, Server, Violation};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::generated::{RESOURCES, files, forms, gadgets, grids, n2_0, notes, shapes};

pub struct Workshop;

/// The caller is the role that its token names.
pub type Role = String;

#[derive(Debug)]
pub enum Fault {
    Refused,
    NotAllowed,
    Broken,
    Invalid(Vec<Violation>),
}

impl Api for Workshop {
    type Caller = Role;
    type Error = Fault;

    const REHEARSES: bool = true;

    fn problem(fault: Fault) -> Problem {
        match fault {
            Fault::Refused => Problem::unauthorized("The token is unknown."),
            Fault::NotAllowed => Problem::forbidden("Your role may not do this."),
            Fault::Broken => Problem::internal("the disk is full: /var/secret"),
            Fault::Invalid(violations) => Problem::invalid(violations),
        }
    }

    async fn admit(&self, info: &RequestInfo<'_>) -> Result<(), Fault> {
        match info.headers.get("x-blocked") {
            Some(_) => Err(Fault::NotAllowed),
            None => Ok(()),
        }
    }

    async fn authenticate(&self, token: &str, _: &RequestInfo<'_>) -> Result<Role, Fault> {
        match token {
            "SystemAdmin" | "Dealer" | "Nobody" => Ok(token.to_owned()),
            _ => Err(Fault::Refused),
        }
    }

    /// Each dealer has a separate budget.
    fn body_group(&self, role: &Role) -> u64 {
        u64::from(role == "Dealer")
    }

    fn authorize(&self, role: &Role, operation: &'static Operation) -> Result<(), Fault> {
        if operation.allows(role) {
            Ok(())
        } else {
            Err(Fault::NotAllowed)
        }
    }
}

impl gadgets::GadgetsApi for Workshop {
    async fn list_gadgets(
        &self,
        _: Call<Role>,
        query: gadgets::ListGadgetsQuery,
        headers: gadgets::ListGadgetsHeaders,
    ) -> Result<gadgets::GadgetList, Fault> {
        let echo = gadgets::GadgetSummary {
            id: None,
            name: Some(format!("{query:?} {headers:?}")),
            created_at: query.since,
        };
        Ok(gadgets::GadgetList {
            count: Some(1),
            items: Some(vec![echo]),
        })
    }

    async fn create_gadget(
        &self,
        _: Call<Role>,
        body: gadgets::CreateGadget,
    ) -> Result<gadgets::CreateGadgetResponse, Fault> {
        Ok(gadgets::CreateGadgetResponse {
            location: "/gadgets/1".to_owned(),
            x_weight: body.weight,
            body: gadgets::CreatedGadget {
                id: Some(format!("{body:?}").into()),
            },
        })
    }

    async fn export_gadgets(&self, _: Call<Role>) -> Result<gadgets::ExportGadgetsResponse, Fault> {
        Ok(gadgets::ExportGadgetsResponse {
            content_disposition: "attachment; filename=\"gadgets.csv\"".to_owned(),
            body: Bytes::from_static(b"id\n1\n"),
        })
    }

    async fn show_picture(&self, _: Call<Role>, id: gadgets::GadgetId) -> Result<gadgets::ShowPictureResponse, Fault> {
        Ok(gadgets::ShowPictureResponse {
            content_disposition: None,
            content_type: "image/gif".to_owned(),
            body: match id.as_ref().parse() {
                // The ID of a large picture is its size in KiB.
                Ok(size @ 10..) => vec![b'.'; size << 10].into(),
                _ => Bytes::from_static(b"GIF89a"),
            },
        })
    }

    async fn show_gadget(&self, _: Call<Role>, id: gadgets::GadgetId) -> Result<gadgets::Gadget, Fault> {
        match id.as_ref() {
            "panic" => panic!("a secret in a panic"),
            "broken" => Err(Fault::Broken),
            _ => Ok(gadgets::Gadget {
                id,
                name: None,
                port: Some(5060),
                password: None,
                made_at: "2026-01-31T10:00:00+02:00".parse().ok(),
                size: None,
                tags: None,
                call: None,
            }),
        }
    }

    async fn update_gadget(
        &self,
        _: Call<Role>,
        _: gadgets::GadgetId,
        body: Patch<gadgets::UpdateGadget>,
    ) -> Result<(), Fault> {
        match &body.name {
            Field::Value(name) if name == "rules" => {
                return Err(Fault::Invalid(vec![
                    Violation::field("tags/0", "order", "must come last"),
                    Violation::field("port", "odd", "must be odd"),
                ]));
            }
            Field::Value(name) if name == "panic" => panic!("a rule"),
            _ => {}
        }
        let mut stored = json!({"name": "old", "size": {"width": 1, "height": 2}, "tags": ["a"]});
        body.apply(&mut stored);
        LAST.with_borrow_mut(|last| *last = format!("{body:?}\n{stored}"));
        Ok(())
    }

    async fn show_part(&self, _: Call<Role>, id: gadgets::GadgetId, number: i32) -> Result<Vec<Vec<f64>>, Fault> {
        Ok(vec![
            vec![id.as_ref().chars().count() as f64],
            vec![f64::from(number), 0.5],
        ])
    }

    async fn delete_gadget(&self, _: Call<Role>, _: gadgets::GadgetId) -> Result<(), Fault> {
        Ok(())
    }
}

thread_local! {
    /// The last update, because its response has no body.
    pub static LAST: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

impl files::FilesApi for Workshop {
    async fn upload_file(&self, _: Call<Role>, body: Bytes) -> Result<files::UploadFileResponse, Fault> {
        Ok(match body.as_ref() {
            b"later" => files::UploadFileResponse::Accepted,
            b"again" => files::UploadFileResponse::SeeOther {
                location: "/files/1".to_owned(),
            },
            other => files::UploadFileResponse::Ok(files::UploadFileResult {
                size: i64::try_from(other.len()).ok(),
            }),
        })
    }

    async fn upload_optional_file(&self, _: Call<Role>, body: Option<Bytes>) -> Result<(), Fault> {
        LAST.with_borrow_mut(|last| *last = format!("{body:?}"));
        Ok(())
    }
}

impl forms::FormsApi for Workshop {
    async fn submit_form(&self, call: Call<()>, body: forms::SubmitForm) -> Result<forms::SubmitFormResponse, Fault> {
        let () = call.caller;
        Ok(forms::SubmitFormResponse {
            location: format!("/next?{}&{:?}&{}", body.grant_type, body.count, body.scope),
        })
    }
}

impl grids::GridsApi for Workshop {
    async fn store_grid(&self, _: Call<Role>, body: Vec<Vec<i64>>) -> Result<(), Fault> {
        LAST.with_borrow_mut(|last| *last = format!("{body:?}"));
        Ok(())
    }
}

impl notes::NotesApi for Workshop {
    async fn list_notes(&self, _: Call<Role>, query: ListParameters) -> Result<Page<notes::Note>, Fault> {
        let text = format!("{query:?}");
        Ok(Page {
            count: 7,
            items: vec![notes::Note { text }],
        })
    }

    async fn add_note(&self, call: Call<Role>, body: Option<notes::AddNote>) -> Result<Value, Fault> {
        Ok(json!({"note": body.map(|note| note.text), "request": call.request_id.as_str()}))
    }
}

impl shapes::ShapesApi for Workshop {
    async fn draw_shape(&self, _: Call<Role>, body: shapes::Shape) -> Result<shapes::Drawing, Fault> {
        Ok(match body {
            shapes::Shape::CreateCircle(circle) => shapes::Drawing::Line(shapes::Line {
                length: Some(circle.radius),
            }),
            shapes::Shape::CreateBox(_) => shapes::Drawing::Dot(shapes::Dot { point: None }),
        })
    }
}

fn grown(tree: n2_0::TreeInput) -> n2_0::Tree {
    n2_0::Tree {
        name: Some(tree.name),
        parent: tree.parent.map(|parent| Box::new(grown(*parent))),
        children: tree.children.map(|children| children.into_iter().map(grown).collect()),
    }
}

impl n2_0::N20Api for Workshop {
    async fn pick_things(
        &self,
        _: Call<Role>,
        ids: Vec<i64>,
        query: n2_0::PickThingsQuery,
        headers: n2_0::PickThingsHeaders,
        body: String,
    ) -> Result<String, Fault> {
        Ok(format!("{ids:?} {query:?} {headers:?} {body}"))
    }

    async fn plant_tree(&self, _: Call<Role>, body: n2_0::TreeInput) -> Result<n2_0::Tree, Fault> {
        Ok(grown(body))
    }

    async fn put_image(&self, _: Call<Role>, body: Bytes) -> Result<(), Fault> {
        LAST.set(format!("{body:?}"));
        Ok(())
    }
}

/// All resources but `spare`, with bodies of at most 1,000 bytes.
pub fn server() -> Server<Workshop> {
    Server::with_resources(Arc::new(Workshop), RESOURCES)
        .base_path("/api/")
        .body_limit(1000)
        .mount(gadgets::router())
        .mount(files::router())
        .mount(forms::router())
        .mount(grids::router())
        .mount(n2_0::router())
        .mount(notes::router())
        .mount(shapes::router())
}

/// One request.
#[derive(Clone)]
pub struct TestRequest {
    pub method: &'static str,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A request without a body, from a `SystemAdmin`.
pub fn request(method: &'static str, path: &str) -> TestRequest {
    let ask = TestRequest {
        method,
        path: path.to_owned(),
        headers: HeaderMap::new(),
        body: Vec::new(),
    };
    ask.with("host", "workshop.example.com")
        .with("authorization", "Bearer SystemAdmin")
        .with("x-request-id", "test")
}

impl TestRequest {
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub fn without(mut self, name: &'static str) -> Self {
        self.headers.remove(name);
        self
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with("content-type", content_type)
    }

    pub fn json(self, body: &str) -> Self {
        self.body("application/json", body)
    }

    pub async fn send(self) -> TestResponse {
        self.send_to(server().build()).await
    }

    pub async fn send_to(self, router: Router) -> TestResponse {
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method.parse().unwrap();
        *request.uri_mut() = self.path.parse().unwrap();
        *request.headers_mut() = self.headers;
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl TestResponse {
    pub fn json(&self) -> Value {
        assert_eq!(self.headers["content-type"], "application/json");
        serde_json::from_str(&self.body).unwrap()
    }
}

#[test]
fn violations_of_the_implementation_have_the_form_of_the_routers() {
    let violation =
        Violation::new(Location::Query, "/filter", "syntax", "The filter ends too early.").limit("column 7");
    assert_eq!(violation.to_string(), "query#/filter syntax column 7");
    let problem = Problem::invalid([violation]);
    assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
    assert_eq!(problem.errors()[0].code, "VALIDATE_FAILED");
    assert_eq!(problem.errors()[0].message, "The filter ends too early.");
}
