//! `/brand`. It has no GET; the product's name is in `/license`.

use pbx_client::Field;
use pbx_client::types::{BrandTheme, UpdateBrand};
use pbx_test_harness::on_each_engine;
use serde_json::json;

use crate::server;

#[on_each_engine]
async fn update_merges() {
    let server = server();
    let client = server.client().await;
    let product = async || client.show_license().send().await.unwrap().into_inner().product_name;
    assert_eq!(product().await.as_deref(), Some("PortSIP PBX"));
    let update = async |body| client.update_brand_information().body(body).send().await;
    update(UpdateBrand {
        theme: Field::Value(BrandTheme::LightBlue),
        product: Field::Value("Bell".to_owned()),
        bottom_text: Field::Value("<b>Bell</b>".to_owned()),
        logo: Field::Null,
        ..UpdateBrand::default()
    })
    .await
    .unwrap();
    update(UpdateBrand {
        title: Field::Value("Bell".to_owned()),
        ..UpdateBrand::default()
    })
    .await
    .unwrap();
    assert_eq!(product().await.as_deref(), Some("Bell"));
    update(UpdateBrand {
        product: Field::Null,
        ..UpdateBrand::default()
    })
    .await
    .unwrap();
    assert_eq!(product().await.as_deref(), Some("PortSIP PBX"));
}

#[on_each_engine]
async fn missing_files_and_long_footer_are_rejected() {
    let server = server();
    let (client, raw) = (server.client().await, server.raw_signed_in().await);
    let body = UpdateBrand {
        logo: "700551909773148160".into(),
        product: Field::Value("Bell".to_owned()),
        ..UpdateBrand::default()
    };
    let refused = client.update_brand_information().body(body).send().await.unwrap_err();
    assert_eq!(refused.status().unwrap(), 400);
    assert!(format!("{refused:?}").contains("logo"), "{refused:?}");
    let name = client.show_license().send().await.unwrap().into_inner().product_name;
    assert_eq!(name.as_deref(), Some("PortSIP PBX"), "nothing was stored");
    let bad = json!({"favicon": "1", "theme": "PINK", "bottom_text": "x".repeat(257)});
    assert_eq!(raw.post("/brand", &bad).await.codes().len(), 2);
    assert_eq!(
        raw.post("/brand", &json!({"bottom_text": "ü".repeat(256)}))
            .await
            .status,
        200
    );
}
