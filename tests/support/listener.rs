//! A server on the loopback that records what arrives and answers what it is told: nothing in it knows any contract.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `POST /path HTTP/1.1` and the headers, as they were written
    pub(crate) head: String,
    /// The content, byte for byte
    pub(crate) content: Vec<u8>,
}

impl Request {
    /// The path that was asked for.
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The content as JSON, decompressed if the header says so.
    #[track_caller]
    pub(crate) fn unpacked(&self) -> Value {
        if self.header("content-encoding") != Some("gzip") {
            return self.json();
        }
        let reader = flate2::read::GzDecoder::new(&self.content[..]);
        serde_json::from_reader(reader).expect("compressed JSON")
    }

    /// The content as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.content).expect("JSON")
    }
}

type Answer = dyn Fn(&Request) -> (u16, String) + Send + Sync;

/// A listening server. It stops listening with the test.
pub(crate) struct Listener {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Listener {
    /// Listens, and answers every request with a status and a JSON text; of a redirect the text is where it points.
    pub(crate) fn new(answer: impl Fn(&Request) -> (u16, String) + Send + Sync + 'static) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", socket.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer): (_, Arc<Answer>) = (requests.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let (seen, answer) = (seen.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &seen, &*answer));
            }
        });
        Self { url, requests }
    }

    /// `http://127.0.0.1:<port>`
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Everything that has arrived.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("the list").clone()
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<Request>>, answer: &Answer) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(1..) if line.trim_end().is_empty() => break,
                Ok(1..) => head.push_str(&line),
                _ => return,
            }
        }
        let mut request = Request { head, content: Vec::new() };
        let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        request.content.resize(length, 0);
        if reader.read_exact(&mut request.content).is_err() {
            return;
        }
        let (status, text) = answer(&request);
        seen.lock().expect("the list").push(request);
        let location = if status / 100 == 3 { format!("Location: {text}\r\n") } else { String::new() };
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{location}Content-Length: {}\r\n\r\n{text}",
            text.len()
        );
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
