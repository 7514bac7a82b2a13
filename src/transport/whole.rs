//! Connections that send a request as a whole. The client hands over the head of a request and its content one after the
//! other; sent so, they are two packets, and wake the server twice.
//!
//! Also spares what a connection need not be asked or told each time. Knows nothing about what is sent.

use std::sync::Arc;

use ureq::Error;
use ureq::unversioned::transport::time::Duration;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};

/// A wait of a second or more ends with a whole tenth of a second, so that it need not be set anew at every step.
const LONG: Duration = Duration::from_secs(1);
const STEP: u64 = 100;

/// Connects as the client does by itself. Clones share what was read for that, such as certificates.
#[derive(Debug, Clone)]
pub(super) struct Connecting {
    inner: Arc<DefaultConnector>,
    /// Whether nothing but requests is sent. What is sent to a proxy begins with other things, which nothing follows
    /// before they are answered.
    is_direct: bool,
}

impl Connecting {
    pub(super) fn new(is_direct: bool) -> Self {
        Self { inner: Arc::default(), is_direct }
    }
}

impl Connector for Connecting {
    type Out = Whole<Box<dyn Transport>>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        let inner = self.inner.connect(details, chained)?;
        let joins = self.is_direct;
        Ok(inner.map(|inner| Whole { inner, joins, is_new: true, head: Vec::new(), has_answered: false }))
    }
}

/// A connection. INVARIANT: where it joins, every request has content; its head waits for that.
#[derive(Debug)]
pub(super) struct Whole<T> {
    inner: T,
    /// Whether a request goes out as a whole; else everything is left to the connection itself
    joins: bool,
    /// What is sent next begins a request
    is_new: bool,
    /// The head that waits
    head: Vec<u8>,
    /// Something came a moment ago
    has_answered: bool,
}

impl<T: Transport> Transport for Whole<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.joins && std::mem::take(&mut self.is_new) {
            self.head.extend_from_slice(&self.inner.buffers().output()[..amount]);
            return Ok(());
        }
        let (timeout, head) = (rounded(timeout), std::mem::take(&mut self.head));
        if head.is_empty() {
            return self.inner.transmit_output(amount, timeout);
        }
        let output = self.inner.buffers().output();
        // What does not fit behind the head goes after it.
        let first = amount.min(output.len() - head.len());
        let rest = output[first..amount].to_vec();
        output.copy_within(..first, head.len());
        output[..head.len()].copy_from_slice(&head);
        self.inner.transmit_output(head.len() + first, timeout)?;
        if !rest.is_empty() {
            self.inner.buffers().output()[..rest.len()].copy_from_slice(&rest);
            self.inner.transmit_output(rest.len(), timeout)?;
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.is_new = true;
        let has_input = self.inner.await_input(rounded(timeout))?;
        self.has_answered = self.joins && has_input;
        Ok(has_input)
    }

    /// Asked when an answer was read and before the next request. The first time it is known; bytes that came too many are
    /// found the second time.
    fn is_open(&mut self) -> bool {
        std::mem::take(&mut self.has_answered) || self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// A long wait as it is set: at most one step longer.
fn rounded(mut timeout: NextTimeout) -> NextTimeout {
    if !timeout.after.is_not_happening() && *timeout.after >= *LONG {
        let millis = u64::try_from(timeout.after.as_millis()).unwrap_or(u64::MAX - STEP);
        let is_whole = millis.is_multiple_of(STEP) && timeout.after.subsec_micros().is_multiple_of(1_000);
        timeout.after = Duration::from_millis(if is_whole { millis } else { (millis / STEP + 1) * STEP });
    }
    timeout
}

#[cfg(test)]
mod tests {
    use ureq::unversioned::transport::LazyBuffers;

    use super::*;

    /// Keeps what is sent.
    #[derive(Debug)]
    struct Wire {
        buffers: LazyBuffers,
        sent: Vec<String>,
        asked: usize,
    }

    impl Transport for Wire {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
            let sent = self.buffers.output()[..amount].to_vec();
            self.sent.push(String::from_utf8(sent).expect("text"));
            Ok(())
        }

        fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
            Ok(true)
        }

        fn is_open(&mut self) -> bool {
            self.asked += 1;
            true
        }
    }

    #[test]
    fn head_and_content_go_together_however_much_it_is() {
        let wire = Wire { buffers: LazyBuffers::new(8, 8), sent: Vec::new(), asked: 0 };
        let mut whole =
            Whole { joins: true, inner: wire, is_new: true, head: Vec::new(), has_answered: false };
        let mut send = |parts: &[&str]| {
            for part in parts {
                whole.buffers().output()[..part.len()].copy_from_slice(part.as_bytes());
                whole.transmit_output(part.len(), NextTimeout::default()).expect("sent");
            }
            whole.await_input(NextTimeout::default()).expect("an answer");
            assert!(whole.is_open() && whole.is_open());
            (std::mem::take(&mut whole.inner.sent), std::mem::take(&mut whole.inner.asked))
        };
        assert_eq!(send(&["head", "body"]), (vec!["headbody".to_owned()], 1));
        assert_eq!(send(&["head", "contents", "rest"]).0, ["headcont", "ents", "rest"]);
        assert_eq!(send(&["headhead", "body"]).0, ["headhead", "body"]);
    }

    #[test]
    fn only_long_waits_are_rounded() {
        let after = |millis| {
            let timeout = NextTimeout { after: Duration::from_millis(millis), ..NextTimeout::default() };
            rounded(timeout).after.as_millis()
        };
        assert_eq!([999, 1_000, 1_001, 4_999, 5_000].map(after), [999, 1_000, 1_100, 5_000, 5_000]);
        assert!(rounded(NextTimeout::default()).after.is_not_happening());
    }
}
