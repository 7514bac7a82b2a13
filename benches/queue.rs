//! What the queue and delivery cost, each beside a floor that is measured in the same run: one line a comparison,
//! `TARGET<TAB>comparison<TAB>ours<TAB>floor<TAB>ratio<TAB>limit`. Figures are medians, ratios medians of paired ratios.
//!
//! `cargo bench --bench queue [-- [ROUNDS] [at=DIRECTORY] [PART…]]`, parts: enqueue, commit, small, large, events, memory.
//! Everything lies in one directory, by default in cargo's own for temporary files: on a disk, where a queue is wanted to
//! outlast a power failure, and where its syncs are not for nothing. Judges nothing.
#![allow(clippy::print_stdout, reason = "the lines on stdout are what it is for")]

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use git_mission::clock::{Instant, Stopwatch};
use git_mission::dossier::{BodyUpload, NamespaceFields};
use git_mission::install::SHIM_VERSION;
use git_mission::json::{Value, canonical, line, object};
use git_mission::queue::{NewBody, NewEvent, Origin, Queue};
use git_mission::sync::{Delivery, SystemTiming, deliver};
use git_mission::transport::{CONNECTIONS, Network, Patience, Server, ServerUrl};
use rusqlite::{Connection, params};
use serde_json::json;
use tempfile::TempDir;

/// What a flush may take, in MiB.
const ALLOWED: f64 = 64.0;
const ROUNDS: usize = 9;
const ROOMY: u64 = 1_000_000;
const KIB: usize = 1 << 10;
/// That of a flush by hand.
const PATIENCE: Patience = Patience { request: Duration::from_secs(5), until: None };
/// Has a small parent, so that the figure is the child's own: a child's peak begins with what its parent held.
const TIME: &str = "/usr/bin/time";
const PROGRAM: &str = env!("CARGO_BIN_EXE_git-mission");

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [first, database] = args.as_slice()
        && first == "insert-one"
    {
        return insert_one(Path::new(database));
    }
    let rounds = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(ROUNDS);
    let at = args.iter().find_map(|arg| arg.strip_prefix("at=")).unwrap_or(env!("CARGO_TARGET_TMPDIR"));
    let home = TempDir::new_in(at).expect("a directory");
    let bench = Bench { home: home.path(), rounds, server: start_server() };
    let parts: [(&str, &dyn Fn()); 6] = [
        ("enqueue", &|| {
            bench.enqueue_bodies();
            bench.enqueue_events();
        }),
        ("commit", &|| bench.commits()),
        ("small", &|| bench.drain_bodies(4, 8_000)),
        ("large", &|| bench.drain_bodies(512, 256)),
        ("events", &|| bench.drain_events()),
        ("memory", &|| bench.memory()),
    ];
    let wanted = |name: &str| args.iter().any(|arg| arg == name);
    let all = !parts.iter().any(|(name, _)| wanted(name));
    for (_, part) in parts.iter().filter(|(name, _)| all || wanted(name)) {
        part();
    }
}

struct Bench<'h> {
    home: &'h Path,
    rounds: usize,
    /// The address of a server that takes everything
    server: String,
}

/// A comparison: what is measured, in which unit, and what the ratio has to be.
struct Line {
    target: &'static str,
    what: String,
    limit: &'static str,
    /// Rows of one round, of ours and of the floor: rates are compared instead of times
    rows: Option<[usize; 2]>,
}

impl Bench<'_> {
    /// Measures floor and subject in turn, each on what it prepared, and prints the line.
    fn compare<F, S>(&self, line: &Line, mut floor: impl FnMut() -> F, mut subject: impl FnMut() -> S)
    where
        F: FnOnce(),
        S: FnOnce(),
    {
        let (mut floors, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        // The first round warms up.
        for round in 0..=self.rounds {
            let (one, two) = if round % 2 == 0 {
                let one = time(floor());
                (one, time(subject()))
            } else {
                let two = time(subject());
                (time(floor()), two)
            };
            if round > 0 {
                floors.push(one);
                ours.push(two);
                #[expect(clippy::cast_precision_loss, reason = "counts of rows are small")]
                ratios.push(match line.rows {
                    Some([ours, floor]) => (one / floor as f64) / (two / ours as f64),
                    None => two / one,
                });
            }
        }
        let show = |seconds: f64, side: usize| match line.rows {
            #[expect(clippy::cast_precision_loss, reason = "counts of rows are small")]
            Some(rows) => format!("{:.0}/s", rows[side] as f64 / seconds),
            None => format!("{:.2} ms", seconds * 1_000.0),
        };
        let (target, what, limit) = (line.target, &line.what, line.limit);
        let (ours, floor) = (show(median(ours), 0), show(median(floors), 1));
        println!("{target}\t{what}\t{ours}\t{floor}\t{:.2}\t{limit}", median(ratios));
    }

    fn place(&self, name: &str) -> PathBuf {
        let directory = self.home.join(name);
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).expect("a directory");
        directory.join("queue.db")
    }

    fn queue(&self, name: &str) -> Queue {
        open(&self.place(name))
    }

    /// An empty database of the same shape, with the same settings.
    fn bare(&self, name: &str) -> Connection {
        bare(self.queue(name).path())
    }

    fn enqueue_bodies(&self) {
        let rows = bodies(2_000, 4 * KIB, Origin::Tree);
        let plain: Vec<BodyUpload> =
            rows.iter().map(|row| BodyUpload::from_payload(&row.payload).expect("a body")).collect();
        let line = Line {
            target: "P5",
            what: "enqueue of 2,000 bodies of 4 KiB / bulk insert".into(),
            limit: ">=0.8",
            rows: Some([rows.len(); 2]),
        };
        let floor = || {
            let connection = self.bare("floor");
            let plain = &plain;
            move || insert_bodies(connection, plain)
        };
        self.compare(&line, floor, || {
            let (mut queue, rows) = (self.queue("ours"), &rows);
            move || drop(queue.enqueue_bodies(rows, ROOMY, Instant::now()).expect("queued"))
        });
    }

    fn enqueue_events(&self) {
        let rows = events(2_000);
        let plain: Vec<(String, String)> =
            rows.iter().enumerate().map(|(at, row)| (event_id(at), line(&row.event))).collect();
        // Rows of the floor are at hand as texts: what it costs to judge and to write an event is not in it.
        let line = Line {
            target: "P5",
            what: "enqueue of 2,000 events / bulk insert".into(),
            limit: "-",
            rows: Some([rows.len(); 2]),
        };
        let floor = || {
            let connection = self.bare("floor");
            let plain = &plain;
            move || insert_events(connection, plain)
        };
        self.compare(&line, floor, || {
            let (mut queue, rows) = (self.queue("ours"), &rows);
            move || drop(queue.enqueue_events(rows, ROOMY, Instant::now()).expect("queued"))
        });
    }

    /// What post-commit does after a commit of five artifacts, as a process, beside one that inserts one row: both as durably.
    /// In memory, where a sync costs nothing, the row is little more than the start of a process.
    fn commits(&self) {
        let what = "post-commit, 5 artifacts / process that inserts a row";
        let here = Bench { home: self.home, rounds: 3 * self.rounds, server: self.server.clone() };
        here.commit(&Line { target: "P5", what: what.into(), limit: "<=2", rows: None });
        if let Ok(memory) = TempDir::new_in("/dev/shm") {
            let there = Bench { home: memory.path(), rounds: self.rounds, server: self.server.clone() };
            there.commit(&Line { target: "P5", what: format!("{what}, in memory"), limit: "-", rows: None });
        }
    }

    fn commit(&self, line: &Line) {
        let repo = self.repository("commit");
        // What was configured a moment ago is asked for again.
        std::thread::sleep(Duration::from_millis(300));
        let mut serial = 0;
        let me = std::env::current_exe().expect("a path");
        let database = self.place("one-row");
        drop(open(&database));
        let floor = || {
            let mut command = Command::new(&me);
            command.arg("insert-one").arg(&database);
            settle();
            move || ran(&mut command)
        };
        self.compare(line, floor, || {
            serial += 1;
            for at in 0..5 {
                let serial = serial * 5 + at;
                write(&repo, &format!("kitty-specs/one/research/{serial}.md"), &text(serial, 4 * KIB));
            }
            git(&repo, &["add", "."]);
            // Where post-commit is installed, so is pre-commit, and leaves a note that post-commit reads.
            ran(&mut hook(&repo, "pre-commit"));
            git(&repo, &["commit", "-qm", "more"]);
            let mut command = hook(&repo, "post-commit");
            settle();
            move || ran(&mut command)
        });
        let queue = open(&repo.join(".git/mission/queue.db"));
        assert_eq!(queue.bodies().expect("reads").len(), 5 * serial, "all of them are queued");
    }

    /// A repository with one mission and sync on, without hooks.
    fn repository(&self, name: &str) -> PathBuf {
        let repo = self.home.join(name);
        std::fs::create_dir_all(&repo).expect("a directory");
        git(&repo, &["init", "-q", "-b", "main"]);
        let meta = "{\n  \"created_at\": \"2026-04-06T05:01:28.874035+00:00\",\n  \"friendly_name\": \"One\",\n  \
                    \"mission_id\": \"01KQ47E80QJG8GTVGDCV67RW7M\",\n  \"mission_number\": 1,\n  \
                    \"mission_slug\": \"one\",\n  \"mission_type\": \"software-dev\",\n  \"slug\": \"one\",\n  \
                    \"target_branch\": \"main\"\n}\n";
        write(&repo, "kitty-specs/one/meta.json", meta);
        let project = "project:\n  uuid: a1b2c3d4-e5f6-7890-abcd-ef1234567890\n  slug: app\n";
        write(&repo, ".kittify/config.yaml", project);
        git(&repo, &["add", "."]);
        git(&repo, &["commit", "-qm", "one"]);
        for args in [&["sync", "enable", "--server", &self.server][..], &["hook", "post-commit"]] {
            let mut command = Command::new(PROGRAM);
            alone(command.args(args).current_dir(&repo), &repo);
            ran(&mut command);
        }
        repo
    }

    fn drain_bodies(&self, kib: usize, count: usize) {
        let rows = bodies(count, kib * KIB, Origin::Import);
        let plain: Vec<serde_json::Value> =
            rows.iter().map(|row| serde_json::from_str(&canonical(&row.payload)).expect("JSON")).collect();
        let line = Line {
            target: "P6",
            what: format!("drain of {count} bodies of {kib} KiB / plain ureq, {CONNECTIONS} connections"),
            limit: ">=0.8",
            rows: Some([count; 2]),
        };
        let url = format!("{}/api/dossier/push-content/", self.server);
        let floor = || || post_all(&url, &plain);
        self.compare(&line, floor, || {
            let path = self.place("drain");
            let mut queue = open(&path);
            for rows in rows.chunks(16) {
                queue.enqueue_bodies(rows, ROOMY, Instant::now()).expect("queued");
            }
            // Whoever delivers has not queued it.
            drop(queue);
            settle();
            let (mut queue, server) = (open(&path), self.connect());
            move || {
                let flushed = deliver(&mut queue, delivery(&*server, &mut |_, _| ()), &[], &|_| true);
                assert_eq!(flushed.expect("delivered").uploaded, count as u64);
            }
        });
    }

    fn drain_events(&self) {
        // One by one they are so slow that fewer have to do.
        const MANY: usize = 4_000;
        const FEW: usize = 1_000;
        let rows = events(MANY);
        let filled = |name: &str, count: usize| {
            let path = self.place(name);
            open(&path).enqueue_events(&rows[..count], ROOMY, Instant::now()).expect("queued");
            settle();
            (open(&path), self.connect())
        };
        let line =
            |what: &str| Line { target: "P6", what: what.to_owned(), limit: ">=20", rows: Some([MANY, FEW]) };
        let batches = || {
            let (mut queue, server) = filled("batches", MANY);
            move || {
                let ready = queue.ready_events(Instant::now(), u32::MAX).expect("reads");
                let flushed = deliver(&mut queue, delivery(&*server, &mut |_, _| ()), &ready, &|_| false);
                assert_eq!(flushed.expect("delivered").events_with("success"), MANY as u64);
            }
        };
        let one_by_one = || {
            let (mut queue, server) = filled("singles", FEW);
            move || {
                for event in queue.ready_events(Instant::now(), u32::MAX).expect("reads") {
                    let flushed =
                        deliver(&mut queue, delivery(&*server, &mut |_, _| ()), &[event], &|_| false);
                    assert_eq!(flushed.expect("delivered").events_with("success"), 1);
                }
            }
        };
        self.compare(&line("drain of events in gzip batches / one by one"), one_by_one, batches);
        let url = format!("{}/api/v1/events/batch/", self.server);
        let packed: Vec<Vec<u8>> = rows[..FEW].iter().map(|row| pack(&row.event)).collect();
        let plain = || || post_one_by_one(&url, &packed);
        let line = Line { limit: "-", ..line("drain of events in gzip batches / plain ureq, one by one") };
        self.compare(&line, plain, batches);
    }

    fn connect(&self) -> Box<dyn Server> {
        let url = ServerUrl::parse(&self.server).expect("an address");
        url.connect(None, &Network::default(), PATIENCE).expect("a client")
    }

    /// The peak of a flush of a gigabyte, of the program itself.
    fn memory(&self) {
        const COUNT: usize = 2_000;
        if !Path::new(TIME).is_file() {
            println!("MEM\tskipped: no {TIME}\t-\t-\t-\t-");
            return;
        }
        let repo = self.repository("memory");
        let path = repo.join(".git/mission/queue.db");
        let mut queue = open(&path);
        for start in (0..COUNT).step_by(16) {
            let rows: Vec<NewBody> =
                (start..COUNT.min(start + 16)).map(|at| body(at, 512 * KIB, Origin::Import)).collect();
            queue.enqueue_bodies(&rows, ROOMY, Instant::now()).expect("queued");
        }
        drop(queue);
        let mut command = Command::new(TIME);
        command.args(["-f", "%M", "-o", "peak", PROGRAM, "sync", "flush"]).current_dir(&repo);
        alone(&mut command, &repo);
        ran(&mut command);
        let left = open(&path).bodies().expect("reads").len();
        assert_eq!(left, 0, "all of them are delivered");
        let peak: u32 =
            std::fs::read_to_string(repo.join("peak")).expect("a figure").trim().parse().expect("kB");
        let peak = f64::from(peak) / 1024.0;
        let share = peak / ALLOWED;
        println!("MEM\tflush of 2,000 bodies of 512 KiB\t{peak:.1} MiB\t{ALLOWED:.1} MiB\t{share:.3}\t<=1.0");
        let _ = std::fs::remove_dir_all(&repo);
    }
}

/// What was written before and is not on the disk yet would be written while we wait for what we write.
fn settle() {
    ran(&mut Command::new("sync"));
}

fn open(path: &Path) -> Queue {
    Queue::open(path, Instant::now()).expect("opens").queue
}

fn time(act: impl FnOnce()) -> f64 {
    let watch = Stopwatch::start();
    act();
    watch.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn delivery<'a>(server: &'a dyn Server, progress: &'a mut dyn FnMut(usize, usize)) -> Delivery<'a> {
    Delivery { server, timing: &SystemTiming, patience: PATIENCE, progress }
}

// --- what is queued

/// Text of so many bytes, never the same twice, with what texts have to escape.
fn text(serial: usize, bytes: usize) -> String {
    let mut text = format!("# Artifact {serial}\n\n");
    let mut at = serial;
    while text.len() < bytes {
        at += 1;
        let said = "* Line {at} says \"what was found\" in a sentence that is as long as they are.\n";
        text.push_str(&said.replace("{at}", &at.to_string()));
    }
    text.truncate(bytes);
    text
}

fn body(serial: usize, bytes: usize, origin: Origin) -> NewBody {
    let fields = NamespaceFields {
        project_uuid: "a1b2c3d4-e5f6-7890-abcd-ef1234567890".into(),
        mission_slug: "complete-mission-identity-cutover-01KQ47E8".into(),
        target_branch: "main".into(),
        mission_type: "software-dev".into(),
        manifest_version: "1".into(),
    };
    let path = format!("research/{serial}.md");
    let upload = BodyUpload::new(fields.try_into().expect("a namespace"), path, text(serial, bytes));
    NewBody {
        payload: upload.payload(),
        blob_id: Some(format!("{serial:040x}")),
        index_event_id: None,
        origin,
    }
}

fn bodies(count: usize, bytes: usize, origin: Origin) -> Vec<NewBody> {
    (0..count).map(|serial| body(serial, bytes, origin)).collect()
}

fn event_id(serial: usize) -> String {
    format!("01KQ47E80QJG8GTVGD{serial:08}")
}

/// Moves between lanes, which is what most events are.
fn events(count: usize) -> Vec<NewEvent> {
    let event = |serial: usize| {
        object([
            ("event_id", event_id(serial).into()),
            ("event_type", "WPStatusChanged".into()),
            ("aggregate_id", "mission/01KQ47E80QJG8GTVGDCV67RW7M/wp/WP01".into()),
            ("aggregate_type", "WorkPackage".into()),
            ("schema_version", "3.0.0".into()),
            ("build_id", "7f3f8f2e-6a44-4a8e-9a6b-0c5d1f6f6a11".into()),
            ("node_id", "0123456789ab".into()),
            ("lamport_clock", (serial as u64).into()),
            ("causation_id", Value::Null),
            ("correlation_id", event_id(serial).into()),
            ("timestamp", "2026-04-06T05:01:28.874035+00:00".into()),
            ("team_slug", Value::Null),
            ("project_uuid", "a1b2c3d4-e5f6-7890-abcd-ef1234567890".into()),
            ("project_slug", "app".into()),
            ("git_branch", "main".into()),
            ("head_commit_sha", "0123456789012345678901234567890123456789".into()),
            ("repo_slug", "owner/app".into()),
            ("data_tier", 0_u64.into()),
            (
                "payload",
                object([
                    ("mission_slug", "complete-mission-identity-cutover-01KQ47E8".into()),
                    ("wp_id", "WP01".into()),
                    ("from_lane", "planned".into()),
                    ("to_lane", "claimed".into()),
                    ("actor", "someone".into()),
                    ("force", false.into()),
                    ("reason", Value::Null),
                    ("execution_mode", "worktree".into()),
                    ("review_ref", Value::Null),
                    ("evidence", Value::Null),
                ]),
            ),
        ])
    };
    (0..count)
        .map(|serial| NewEvent { event: event(serial), coalesce_key: None, origin: Origin::Import })
        .collect()
}

// --- floors

/// A plain connection with the settings of the store.
fn bare(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("opens");
    let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;";
    connection.execute_batch(settings).expect("settings");
    connection
}

const INSERT_BODY: &str = "INSERT INTO body_upload_queue(project_uuid, mission_slug, target_branch, mission_type,
    manifest_version, artifact_path, content_hash, hash_algorithm, content_body, size_bytes, created_at, blob_id, origin)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'tree')";

fn insert_bodies(mut connection: Connection, bodies: &[BodyUpload]) {
    let transaction = connection.transaction().expect("begins");
    {
        let mut insert = transaction.prepare(INSERT_BODY).expect("a statement");
        for (serial, body) in bodies.iter().enumerate() {
            let [project, slug, branch, kind, version] = body.namespace.values();
            let (path, hash, size) = (&body.artifact_path, &body.content_hash, body.content_body.len());
            let blob = format!("{serial:040x}");
            let size = i64::try_from(size).expect("a size");
            let algorithm = &body.hash_algorithm;
            insert
                .execute(params![
                    project,
                    slug,
                    branch,
                    kind,
                    version,
                    path,
                    hash,
                    algorithm,
                    body.content_body,
                    size,
                    1.5,
                    blob
                ])
                .expect("inserted");
        }
    }
    transaction.commit().expect("committed");
}

fn insert_events(mut connection: Connection, events: &[(String, String)]) {
    let transaction = connection.transaction().expect("begins");
    {
        let sql = "INSERT INTO queue(event_id, event_type, data, status, created_at, origin)
                   VALUES (?1, 'WPStatusChanged', ?2, 'pending', '2026-04-06T05:01:28.874035+00:00', 'tree')";
        let mut insert = transaction.prepare(sql).expect("a statement");
        for (id, data) in events {
            insert.execute([id, data]).expect("inserted");
        }
    }
    transaction.commit().expect("committed");
}

/// The program that is run instead of this one: it adds one event to a store.
fn insert_one(database: &Path) {
    let id = git_mission::id::random_uuid();
    let data = "{\"words\": \"as long as an event is\"}".repeat(20);
    insert_events(bare(database), &[(id, data)]);
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .max_idle_connections(CONNECTIONS)
        .max_idle_connections_per_host(CONNECTIONS)
        .accept("application/json")
        .build()
        .into()
}

/// Posts bodies over as many connections as delivery uses, each answer read to its end.
fn post_all(url: &str, bodies: &[serde_json::Value]) {
    let (agent, next) = (agent(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let text = body.to_string();
                    let request = agent.post(url).header("content-type", "application/json");
                    let mut response =
                        request.header("accept-encoding", "identity").send(&text).expect("an answer");
                    assert_eq!(response.status().as_u16(), 201);
                    response.body_mut().read_to_vec().expect("an answer");
                }
            });
        }
    });
}

fn pack(event: &Value) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    write!(encoder, "{{\"events\":[{}]}}", line(event)).expect("packed");
    encoder.finish().expect("packed")
}

fn post_one_by_one(url: &str, packed: &[Vec<u8>]) {
    let agent = agent();
    for batch in packed {
        let request = agent.post(url).header("content-type", "application/json");
        let request = request.header("accept-encoding", "identity").header("content-encoding", "gzip");
        let mut response = request.send(&batch[..]).expect("an answer");
        assert_eq!(response.status().as_u16(), 200);
        response.body_mut().read_to_vec().expect("an answer");
    }
}

// --- the server, and other programs

/// Starts a server that takes whatever it is given, and says its address.
fn start_server() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("nonblocking");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async move {
            let limit = axum::extract::DefaultBodyLimit::max(64 << 20);
            let app = axum::Router::new().fallback(acknowledge).layer(limit);
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, app).await.expect("serves");
        });
    });
    format!("http://{address}")
}

/// Takes what keeps the contract as far as a server has to look: JSON, and the hash of a body.
async fn acknowledge(headers: HeaderMap, content: Bytes) -> Response<Body> {
    let (status, answer) = if headers.contains_key("content-encoding") {
        // Unpacked as a whole: byte by byte it takes longer than all the rest.
        let mut text = Vec::with_capacity(8 * content.len());
        GzDecoder::new(&content[..]).read_to_end(&mut text).expect("gzip");
        let batch: serde_json::Value = serde_json::from_slice(&text).expect("a batch of JSON");
        let events = batch["events"].as_array().expect("events");
        let result = |event: &serde_json::Value| json!({"event_id": event["event_id"], "status": "success"});
        (200, json!({"results": events.iter().map(result).collect::<Vec<_>>()}).to_string())
    } else {
        let body: serde_json::Value = serde_json::from_slice(&content).expect("JSON");
        let text = body["content_body"].as_str().expect("a text");
        assert_eq!(body["content_hash"], git_mission::id::sha256_hex(text.as_bytes()));
        let echo = json!({"artifact_path": body["artifact_path"], "content_hash": body["content_hash"]});
        (201, echo.to_string())
    };
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Body::from(answer)).expect("a response")
}

/// Nothing of the user's has a say.
fn alone(command: &mut Command, repo: &Path) {
    let home = repo.parent().expect("a home");
    command.env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    for who in ["GIT_AUTHOR", "GIT_COMMITTER"] {
        command.env(format!("{who}_NAME"), "Bench").env(format!("{who}_EMAIL"), "bench@example.com");
    }
}

/// A hook as its shim calls it.
fn hook(repo: &Path, name: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["hook", name, "--shim-version", &SHIM_VERSION.to_string(), "--"]).current_dir(repo);
    alone(&mut command, repo);
    command
}

fn ran(command: &mut Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.expect("starts").success(), "{command:?}");
}

fn git(repo: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    alone(
        command.args(["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0"]).args(args).current_dir(repo),
        repo,
    );
    ran(&mut command);
}

fn write(repo: &Path, path: &str, text: &str) {
    let path = repo.join(path);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    std::fs::write(path, text).expect("written");
}
