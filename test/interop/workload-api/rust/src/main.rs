//! Uses the Workload API at SPIFFE_ENDPOINT_SOCKET like an application with the `spiffe` crate, and prints each event as
//! one JSON line. Standard input asks for more: "x509" makes every X.509 call once, "jwt" every call of the JWT profile;
//! {"done": …} follows.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use futures_util::StreamExt;
use serde_json::{Value, json};
use spiffe::{
    Certificate, JwtBundle, JwtSource, SpiffeId, WorkloadApiClient, X509BundleSet, X509Context, X509Source, X509Svid,
};
use tokio::io::{AsyncBufReadExt, BufReader};

type Outcome = Result<Value, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let id = SpiffeId::new(std::env::args().nth(1).ok_or("usage: workload-client <spiffe id>")?)?;
    let client = WorkloadApiClient::connect_env().await?;
    let source = X509Source::new().await?;
    tokio::spawn(watch_source(source.clone()));
    tokio::spawn(watch_streams(client.clone()));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(wanted) = lines.next_line().await? {
        match wanted.as_str() {
            "x509" => call_x509(&client, &source, &id).await,
            "jwt" => call_jwt(&client, &id).await,
            _ => (),
        }
        report(json!({ "done": wanted }));
    }
    Ok(())
}

async fn watch_source(source: X509Source) {
    let mut updates = source.updated();
    loop {
        report_as("update", "X509Source", source.x509_context().map_err(Into::into).map(|context| context_fields(&context)));
        if updates.changed().await.is_err() {
            return;
        }
    }
}

/// Streams do not reconnect: they end with the agent, and the program opens them again.
async fn watch_streams(client: WorkloadApiClient) {
    loop {
        if let (Ok(mut contexts), Ok(mut svids), Ok(mut bundles)) =
            (client.stream_x509_contexts().await, client.stream_x509_svids().await, client.stream_x509_bundles().await)
        {
            loop {
                let (name, outcome): (_, Option<Outcome>) = tokio::select! {
                    next = contexts.next() => ("stream_x509_contexts", next.map(|one| Ok(context_fields(&one?)))),
                    next = svids.next() => ("stream_x509_svids", next.map(|one| Ok(svid_fields(&one?)))),
                    next = bundles.next() => ("stream_x509_bundles", next.map(|one| Ok(json!({ "roots": roots_of(&one?) })))),
                };
                let Some(outcome) = outcome else { break };
                let is_over = outcome.is_err();
                report_as("update", name, outcome);
                if is_over {
                    break;
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn call_x509(client: &WorkloadApiClient, source: &X509Source, id: &SpiffeId) {
    call("X509Source", async {
        let mut fields = svid_fields(&*source.svid()?);
        let bundle = source.try_bundle_for_trust_domain(id.trust_domain()).ok_or("no bundle")?;
        fields["roots"] = in_der(bundle.authorities());
        Ok(fields)
    })
    .await;
    call("fetch_x509_svid", async { Ok(svid_fields(&client.fetch_x509_svid().await?)) }).await;
    call("fetch_all_x509_svids", async { Ok(svid_fields(&client.fetch_all_x509_svids().await?[0])) }).await;
    call("fetch_x509_context", async { Ok(context_fields(&client.fetch_x509_context().await?)) }).await;
    call("fetch_x509_bundles", async { Ok(json!({ "roots": roots_of(&client.fetch_x509_bundles().await?) })) }).await;
}

async fn call_jwt(client: &WorkloadApiClient, id: &SpiffeId) {
    let domain = id.trust_domain();
    call("JwtSource", async {
        let source = JwtSource::new().await?;
        let bundle = source.try_bundle_for_trust_domain(domain).ok_or("no bundle")?;
        Ok(keys_of(&bundle))
    })
    .await;
    call("JwtSource.fetch_jwt_svid", async {
        JwtSource::new().await?.fetch_jwt_svid(["example"]).await?;
        Ok(json!({}))
    })
    .await;
    call("fetch_jwt_bundles", async {
        let set = client.fetch_jwt_bundles().await?;
        Ok(keys_of(&*set.get(domain).ok_or("no bundle")?))
    })
    .await;
    call("fetch_jwt_svid", async {
        client.fetch_jwt_svid(["example"], None).await?;
        Ok(json!({}))
    })
    .await;
    call("validate_jwt_token", async {
        client.validate_jwt_token("example", "a.b.c").await?;
        Ok(json!({}))
    })
    .await;
}

/// A call that takes longer than a minute hangs: the test reports that as the error.
async fn call(name: &str, work: impl Future<Output = Outcome>) {
    let outcome = tokio::time::timeout(Duration::from_secs(60), work).await.unwrap_or_else(|late| Err(late.into()));
    report_as("call", name, outcome);
}

fn report_as(kind: &str, name: &str, outcome: Outcome) {
    let mut line = outcome.unwrap_or_else(|error| json!({ "error": error.to_string() }));
    line[kind] = json!(name);
    report(line);
}

fn report(line: Value) {
    println!("{line}");
}

fn svid_fields(svid: &X509Svid) -> Value {
    json!({ "spiffeId": svid.spiffe_id().to_string(), "chain": in_der(svid.cert_chain()) })
}

fn context_fields(context: &X509Context) -> Value {
    let mut fields = context.default_svid().map_or_else(|| json!({}), |svid| svid_fields(svid));
    fields["roots"] = roots_of(context.bundle_set());
    fields
}

fn roots_of(set: &X509BundleSet) -> Value {
    set.iter().flat_map(|(_, bundle)| bundle.authorities()).map(base64).collect()
}

fn in_der(certificates: &[Certificate]) -> Value {
    certificates.iter().map(base64).collect()
}

fn base64(certificate: &Certificate) -> Value {
    Value::String(Base64::encode_string(certificate.as_bytes()))
}

fn keys_of(bundle: &JwtBundle) -> Value {
    json!({ "keys": bundle.jwt_authorities().count() })
}
