//! From a trace of `strace -f -y -xx` to what was written where: file operations below one directory, in order.
//!
//! Knows nothing about what a disk makes of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The calls that the trace must hold.
pub(super) const CALLS: &str = "openat,read,write,pwrite64,lseek,fsync,fdatasync,ftruncate,rename,renameat,renameat2,\
                                link,linkat,unlink,unlinkat,mkdir,mkdirat,close";

/// One operation on a file; paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Create(PathBuf),
    Directory(PathBuf),
    Write {
        path: PathBuf,
        at: u64,
        data: Vec<u8>,
    },
    Truncate {
        path: PathBuf,
        length: u64,
    },
    Sync(PathBuf),
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Link {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink(PathBuf),
    /// Text that the program printed: from here on somebody relies on it
    Said(String),
}

/// Reads a trace. Only what happens below `root` is of interest.
pub(super) fn read(trace: &str, root: &Path) -> Vec<Step> {
    let mut reader =
        Reader { root, positions: BTreeMap::new(), unfinished: BTreeMap::new(), steps: Vec::new() };
    for line in trace.lines() {
        reader.line(line);
    }
    reader.steps
}

struct Reader<'a> {
    root: &'a Path,
    /// Where the next `write` of a descriptor goes
    positions: BTreeMap<(String, String), u64>,
    unfinished: BTreeMap<String, String>,
    steps: Vec<Step>,
}

impl Reader<'_> {
    /// `<process> <call>(<arguments>) = <result>`; interleaved calls come in two parts.
    fn line(&mut self, line: &str) {
        let Some((process, call)) = line.split_once(' ') else { return };
        let call = call.trim_start();
        if let Some(part) = call.strip_suffix("<unfinished ...>") {
            self.unfinished.insert(process.to_owned(), part.trim_end().to_owned());
        } else if let Some((_, rest)) = call.split_once(" resumed>").filter(|_| call.starts_with("<...")) {
            let whole = self.unfinished.remove(process).unwrap_or_default() + rest;
            self.call(process, &whole);
        } else {
            self.call(process, call);
        }
    }

    fn call(&mut self, process: &str, call: &str) {
        let Some((name, rest)) = call.split_once('(') else { return };
        let Some((arguments, result)) = rest.rsplit_once(") ").or_else(|| rest.rsplit_once(')')) else {
            return;
        };
        let Some(result) = result.trim_start().strip_prefix("= ") else { return };
        if result.starts_with('-') {
            return;
        }
        let args: Vec<&str> = arguments.split(", ").collect();
        let number =
            |text: &str| text.split(['<', ' ']).next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        let descriptor = || args[0].split('<').next().unwrap_or_default().to_owned();
        let file = |at: usize| described(args[at]);
        let key = || (process.to_owned(), descriptor());
        match name {
            "openat" => {
                let Some(path) = described(result) else { return };
                self.positions.insert((process.to_owned(), number(result).to_string()), 0);
                if args.get(2).is_some_and(|flags| flags.contains("O_CREAT")) {
                    self.push(Step::Create(path.clone()), &path);
                }
                if args.get(2).is_some_and(|flags| flags.contains("O_TRUNC")) {
                    self.push(Step::Truncate { path: path.clone(), length: 0 }, &path);
                }
            }
            "read" => *self.positions.entry(key()).or_default() += number(result),
            "lseek" => {
                self.positions.insert(key(), number(result));
            }
            "write" | "pwrite64" => {
                let mut data = bytes(args[1]);
                data.truncate(usize::try_from(number(result)).unwrap_or(usize::MAX));
                if descriptor() == "1" {
                    self.steps.push(Step::Said(String::from_utf8_lossy(&data).into_owned()));
                    return;
                }
                let Some(path) = file(0) else { return };
                let at = if name == "write" {
                    let position = self.positions.entry(key()).or_default();
                    *position += data.len() as u64;
                    *position - data.len() as u64
                } else {
                    number(args[3])
                };
                self.push(Step::Write { path: path.clone(), at, data }, &path);
            }
            "ftruncate" => {
                let Some(path) = file(0) else { return };
                self.push(Step::Truncate { path: path.clone(), length: number(args[1]) }, &path);
            }
            "fsync" | "fdatasync" => {
                let Some(path) = file(0) else { return };
                self.push(Step::Sync(path.clone()), &path);
            }
            "rename" | "renameat" | "renameat2" | "link" | "linkat" => {
                let paths: Vec<PathBuf> = quoted(&args);
                let [from, to] = &paths[..] else { return };
                let (from, to) = (from.clone(), to.clone());
                let at = to.clone();
                let step = if name.starts_with("link") {
                    Step::Link { from, to }
                } else {
                    Step::Rename { from, to }
                };
                self.push(step, &at);
            }
            "unlink" | "unlinkat" | "mkdir" | "mkdirat" => {
                let Some(path) = quoted(&args).pop() else { return };
                let step = if name.starts_with("mkdir") {
                    Step::Directory(path.clone())
                } else {
                    Step::Unlink(path.clone())
                };
                self.push(step, &path);
            }
            _ => {}
        }
    }

    fn push(&mut self, step: Step, path: &Path) {
        // SQLite's shared memory is made anew after a crash.
        if path.starts_with(self.root) && !path.to_string_lossy().ends_with("-shm") {
            self.steps.push(step);
        }
    }
}

/// The path of `3<\x2f…>`.
fn described(text: &str) -> Option<PathBuf> {
    let (_, rest) = text.split_once('<')?;
    Some(PathBuf::from(String::from_utf8_lossy(&bytes(rest)).into_owned()))
}

/// The paths among the arguments; the program names all of them from the top.
fn quoted(args: &[&str]) -> Vec<PathBuf> {
    let texts = args.iter().filter(|arg| arg.starts_with('"'));
    texts.map(|text| PathBuf::from(String::from_utf8_lossy(&bytes(text)).into_owned())).collect()
}

/// The bytes of `\x61\x62`; anything else around them is left out.
fn bytes(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).filter_map(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok()).collect()
}

#[test]
fn a_trace_is_read() {
    let trace = "7 openat(AT_FDCWD<\\x2f>, \"\\x2f\\x74\\x2f\\x61\", O_RDWR|O_CREAT, 0666) = 3<\\x2f\\x74\\x2f\\x61>\n\
                 7 write(3<\\x2f\\x74\\x2f\\x61>, \"\\x68\\x69\", 2) = 2\n\
                 8 fsync(3<\\x2f\\x74\\x2f\\x61> <unfinished ...>\n\
                 7 write(3<\\x2f\\x74\\x2f\\x61>, \"\\x21\", 1) = 1\n\
                 8 <... fsync resumed>) = 0\n\
                 7 rename(\"\\x2f\\x74\\x2f\\x61\", \"\\x2f\\x74\\x2f\\x62\")  = 0\n\
                 7 unlink(\"\\x2f\\x74\\x2f\\x63\") = -1 ENOENT (No such file or directory)\n";
    let path = PathBuf::from("/t/a");
    assert_eq!(
        read(trace, Path::new("/t")),
        [
            Step::Create(path.clone()),
            Step::Write { path: path.clone(), at: 0, data: b"hi".to_vec() },
            Step::Write { path: path.clone(), at: 2, data: b"!".to_vec() },
            Step::Sync(path.clone()),
            Step::Rename { from: path, to: "/t/b".into() },
        ]
    );
}
