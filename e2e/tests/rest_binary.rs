//! Binaries as the bytes they are, each test a part of <https://hl7.org/fhir/R4/binary.html#rest>.

use anamnesis_e2e::{json, str};
use anamnesis_testkit::{Http, Reply, Server};

const FHIR: &str = "application/fhir+json";
/// No UTF-8, and longer than one line of base64.
const PNG: [u8; 12] = [0x89, b'P', b'N', b'G', 0xff, 0, 1, 2, 3, 0xfe, b'\r', b'\n'];

fn send(http: &Http, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    http.send(method, path, headers, Some(body.to_vec()))
}

fn get(http: &Http, path: &str, accept: &str) -> Reply {
    http.send("GET", path, &[("accept", accept)], None)
}

fn id_of(made: &Reply) -> String {
    str(&made.json(), "id").to_owned()
}

/// Any bytes are kept as they come and go out as they came, under their own type.
#[test]
fn bytes_come_back_as_they_were() {
    let server = Server::start();
    let http = server.http();
    let made = send(&http, "POST", "/fhir/Binary", &[("content-type", "image/png")], &PNG).expect(201);
    assert_eq!(str(&made.json(), "contentType"), "image/png");
    let path = format!("/fhir/Binary/{}", id_of(&made));

    for accept in ["*/*", "image/png", "text/html, image/*;q=0.5"] {
        let read = get(&http, &path, accept).expect(200);
        assert_eq!(read.body, PNG);
        assert_eq!(read.header("content-type"), Some("image/png"));
        assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(read.header("etag"), Some("W/\"1\""));
        assert!(read.header("content-disposition").is_some_and(|shown| shown.starts_with("inline")));
    }
    assert_eq!(get(&http, &format!("{path}/_history/1"), "*/*").expect(200).body, PNG);

    let resource = get(&http, &path, FHIR).expect(200);
    assert_eq!(resource.header("content-type"), Some("application/fhir+json; charset=utf-8"));
    assert_eq!(str(&resource.json(), "data"), "iVBOR/8AAQID/g0K");
    assert_eq!(get(&http, &format!("{path}?_format=json"), "image/png").expect(200).text(), resource.text());
    get(&http, &path, "application/json").expect(200).json();
    get(&http, &path, "image/jpeg").expect(406).json();
    get(&http, &path, "application/fhir+xml").expect(406).json();

    let head = http.send("HEAD", &path, &[("accept", "*/*")], None).expect(200);
    assert_eq!((head.header("content-type"), head.header("content-length")), (Some("image/png"), Some("12")));
    get(&http, "/fhir/Binary/never", "*/*").expect(404).json();
    http.delete(&path).expect(204);
    get(&http, &path, "image/png").expect(410).json();
}

/// "including when the content type is application/fhir+json, except when the content is a Binary"
#[test]
fn what_is_sent_is_kept_unless_it_is_a_binary() {
    let server = Server::start();
    let http = server.http();
    let resource = r#"{"resourceType":"Binary","id":"b1","contentType":"text/plain","data":"aGVsbG8="}"#;
    send(&http, "PUT", "/fhir/Binary/b1", &[("content-type", FHIR)], resource.as_bytes()).expect(201);
    assert_eq!(get(&http, "/fhir/Binary/b1", "*/*").expect(200).text(), "hello");

    let other = r#"{"resourceType":"Patient", "gender":"male"}"#;
    send(&http, "PUT", "/fhir/Binary/b2", &[("content-type", FHIR)], other.as_bytes()).expect(201);
    assert_eq!(get(&http, "/fhir/Binary/b2", "*/*").expect(200).text(), other);

    send(&http, "PUT", "/fhir/Binary/b1", &[("content-type", "text/csv; charset=latin1")], b"a;\xe9")
        .expect(200);
    let read = get(&http, "/fhir/Binary/b1", "text/csv").expect(200);
    assert_eq!(
        (read.header("content-type"), read.body.as_slice()),
        (Some("text/csv; charset=latin1"), &b"a;\xe9"[..])
    );
    assert_eq!(read.header("etag"), Some("W/\"2\""));
    send(&http, "POST", "/fhir/Binary", &[], b"?").expect(415);
    send(&http, "PUT", "/fhir/Binary/a_b", &[("content-type", "text/csv")], b"?").expect(400);
}

/// What could run in a browser is never shown by one in the server's own name.
#[test]
fn what_holds_scripts_is_for_download() {
    let server = Server::start();
    let http = server.http();
    for media in ["text/html", "image/svg+xml", "application/xhtml+xml", "application/javascript"] {
        let made = send(&http, "POST", "/fhir/Binary", &[("content-type", media)], b"<script>1</script>")
            .expect(201);
        let id = id_of(&made);
        let read = get(&http, &format!("/fhir/Binary/{id}"), "*/*").expect(200);
        assert_eq!(
            read.header("content-disposition"),
            Some(&*format!("attachment; filename=\"Binary-{id}\""))
        );
        assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
        assert!(read.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")));
    }
}

/// `X-Security-Context` goes into the resource, and comes back with the bytes.
#[test]
fn bytes_say_whose_they_are() {
    let server = Server::start();
    let http = server.http();
    let headers = [("content-type", "image/png"), ("x-security-context", "Patient/p1")];
    let made = send(&http, "POST", "/fhir/Binary", &headers, &PNG).expect(201);
    assert_eq!(str(&made.json(), "securityContext.reference"), "Patient/p1");
    let read = get(&http, &format!("/fhir/Binary/{}", id_of(&made)), "*/*").expect(200);
    assert_eq!(read.header("x-security-context"), Some("Patient/p1"));
}

/// A document refers to a Binary, or holds its bytes itself: both stay what they are.
#[test]
fn documents_refer_to_binaries() {
    let server = Server::start();
    let http = server.http();
    let made =
        send(&http, "POST", "/fhir/Binary", &[("content-type", "application/pdf")], b"%PDF-1.7").expect(201);
    let url = format!("Binary/{}", id_of(&made));
    let document = format!(
        concat!(
            r#"{{"resourceType":"DocumentReference","status":"current","content":["#,
            r#"{{"attachment":{{"contentType":"application/pdf","url":"{}"}}}},"#,
            r#"{{"attachment":{{"contentType":"text/plain","data":"aGVsbG8="}}}}]}}"#
        ),
        url
    );
    let kept = http.post("/fhir/DocumentReference", &json(document)).expect(201).json();
    assert_eq!(str(&kept, "content.1.attachment.data"), "aGVsbG8=");
    let url = str(&kept, "content.0.attachment.url");
    assert_eq!(get(&http, &format!("/fhir/{url}"), "application/pdf").expect(200).text(), "%PDF-1.7");
}

/// More than an event may hold is refused, and says how much that is.
#[test]
fn bytes_have_a_limit() {
    let server = Server::start();
    let http = server.http();
    let headers = [("content-type", "image/png")];
    let most = (8 << 20) / 4 * 3;
    send(&http, "POST", "/fhir/Binary", &headers, &vec![7; most + 1]).expect(413).json();
    let made = send(&http, "POST", "/fhir/Binary", &headers, &vec![7; most - 1_000]).expect(201);
    assert_eq!(
        get(&http, &format!("/fhir/Binary/{}", id_of(&made)), "*/*").expect(200).body.len(),
        most - 1_000
    );
}
