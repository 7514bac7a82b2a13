//! Canonical form, against Python where it is there and against pinned texts always; what is refused, and where; and
//! the inputs on which the standard leaves the choice.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use git_mission::json::{ErrorKind, Limits, canonical, parse};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::corpus;
use crate::support::{World, each_git};

fn written(text: &[u8]) -> Result<String, ErrorKind> {
    parse(text, Limits::DOCUMENT).map(|value| canonical(&value)).map_err(|error| error.kind)
}

/// Python's canonical form of each text; `None` without a python3.
#[expect(clippy::print_stderr, reason = "says that a test was skipped")]
fn by_python(texts: &[Vec<u8>]) -> Option<Vec<String>> {
    // Texts go in and out as hexadecimal lines, so that no byte of them can be taken for an end.
    const SCRIPT: &str = "import sys, json\nfor line in sys.stdin:\n    value = json.loads(bytes.fromhex(line).decode('utf-8-sig'))\n    text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + '\\n'\n    print(text.encode().hex())\n";
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a string");
            hex
        })
    };
    let spawned =
        Command::new("python3").args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut python) = spawned else {
        eprintln!("skipped: no python3");
        return None;
    };
    let lines: String = texts.iter().map(|text| hex(text) + "\n").collect();
    let mut stdin = python.stdin.take().expect("a pipe");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || std::io::Write::write_all(&mut stdin, lines.as_bytes()));
        python.wait_with_output().expect("python's end")
    });
    assert!(output.status.success());
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
    let lines = String::from_utf8(output.stdout).expect("hex");
    let text = |line: &str| line.as_bytes().chunks(2).map(byte).collect::<Vec<u8>>();
    Some(lines.lines().map(|line| String::from_utf8(text(line)).expect("UTF-8")).collect())
}

/// Some text of some value: spaces, escapes and order as they fall.
fn texts() -> impl Strategy<Value = String> {
    let space = || prop::sample::select(vec!["", " ", "\t", "\r\n", "\n  "]);
    let character = prop_oneof![
        any::<char>().prop_filter("raw", |c| *c >= ' ' && *c != '"' && *c != '\\').prop_map(String::from),
        prop::sample::select(vec![
            "\\n",
            "\\/",
            "\\\"",
            "\\\\",
            "\\u00E9",
            "\\u0007",
            "\\u2028",
            "\\ud83d\\ude00",
            "\\b",
            "\\u007f"
        ])
        .prop_map(str::to_owned),
    ];
    let string = prop::collection::vec(character, 0..6).prop_map(|parts| format!("\"{}\"", parts.concat()));
    let scalar = prop_oneof![
        prop::sample::select(vec!["null", "true", "false", "0", "12345678901234567890123", "1.5", "-7"])
            .prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        string.clone(),
    ];
    let value = scalar.prop_recursive(4, 24, 4, move |inner| {
        let item = (space(), inner.clone(), space()).prop_map(|(a, item, b)| format!("{a}{item}{b}"));
        let items = prop::collection::vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(",")));
        let member = (space(), inner, space());
        // The number makes keys differ however their text is spelled.
        let members = prop::collection::vec((string.clone(), member), 0..4).prop_map(|members| {
            let members = members.iter().enumerate().map(|(at, (key, (a, value, b)))| {
                format!("{a}{}{at}\"{b}:{a}{value}{b}", &key[..key.len() - 1])
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        });
        prop_oneof![items, members]
    });
    (prop::sample::select(vec!["", "\u{feff}", " \n"]), value, space())
        .prop_map(|(start, value, end)| format!("{start}{value}{end}"))
}

#[test]
fn canonical_form_is_pythons() {
    let mut runner = TestRunner::deterministic();
    let texts: Vec<Vec<u8>> =
        (0..2000).map(|_| texts().new_tree(&mut runner).expect("a text").current().into_bytes()).collect();
    let ours: Vec<String> = texts
        .iter()
        .map(|text| written(text).unwrap_or_else(|e| panic!("{e:?}: {}", String::from_utf8_lossy(text))))
        .collect();
    for text in &ours {
        assert_eq!(written(text.as_bytes()).as_ref(), Ok(text), "twice changes nothing");
    }
    let Some(theirs) = by_python(&texts) else { return };
    for ((text, ours), theirs) in texts.iter().zip(&ours).zip(&theirs) {
        assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn canonical_form_of_every_real_file_is_pythons() {
    let Some(root) = corpus::root() else { return };
    let trees = root.join("trees");
    let files = corpus::files_below(&trees);
    let files: Vec<_> = files.iter().filter(|path| path.ends_with("meta.json")).collect();
    assert!(files.len() > 100, "{} files", files.len());
    let texts: Vec<Vec<u8>> = files.iter().map(|path| fs::read(trees.join(path)).expect("a file")).collect();
    let Some(theirs) = by_python(&texts) else { return };
    for ((path, text), theirs) in files.iter().zip(&texts).zip(&theirs) {
        assert_eq!(written(text).as_ref(), Ok(theirs), "{}", path.display());
    }
}

#[test]
fn canonical_form_is_pinned() {
    let expected = "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"é/\\u0007\\n\"\n}\n";
    for text in [
        "{\"b\": \"\\u00e9\\/\\u0007\\n\", \"a\": [1, {}]}",
        "{\n\t\"a\": [ 1,{ } ],\n\t\"b\": \"é/\\u0007\\n\"\n}\n\n\n",
        "\u{feff}{\r\n  \"b\" : \"é/\\u0007\\n\",\r\n  \"a\" : [1, {}]\r\n}\r\n",
        expected,
    ] {
        assert_eq!(written(text.as_bytes()).as_deref(), Ok(expected), "{text:?}");
    }
    for token in ["1.10", "1E5", "-0", "12345678901234567890123", "0.1000000000000000055511151231257827"] {
        assert_eq!(written(token.as_bytes()), Ok(format!("{token}\n")));
    }
}

#[test]
fn what_is_refused_is_named_with_its_place_and_left_alone() {
    let depth_128 = format!("{{\"a\": {}{}}}", "[".repeat(127), "]".repeat(127));
    let too_large = format!("{{\"a\": 1}}{}", " ".repeat((1 << 20) - 7));
    assert_eq!(too_large.len(), (1 << 20) + 1);
    let refused = [
        ("{\"a\":1,\"a\":2}", ":1:8: "),
        ("{\n  \"a\": NaN}", ":2:8: "),
        ("{\"a\": \"é\\ud800\"}", ":1:9: "),
        ("{\n<<<<<<< ours\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> theirs\n}\n", ":2:1: "),
        ("", ":1:1: "),
        ("[]", ":1:1: "),
        (depth_128.as_str(), ":1:133: "),
        (too_large.as_str(), ":1:1: "),
    ];
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        for (at, (text, _)) in refused.iter().enumerate() {
            repo.write(&format!("kitty-specs/m{at}/meta.json"), text);
        }
        repo.commit("kitty-specs/good/meta.json", "{\"slug\": \"good\"}");
        let failed = repo.mission(&["migrate", "--json"]).exits(1).json()["failed"].clone();
        for (at, (text, place)) in refused.iter().enumerate() {
            let path = format!("kitty-specs/m{at}/meta.json");
            let error = failed[at]["error"].as_str().expect("an error");
            assert!(error.starts_with(&format!("{path}{place}")), "{error}");
            assert_eq!(repo.read(&path), *text);
        }
        assert_eq!(repo.status(), " M kitty-specs/good/meta.json\n");
        // A commit is blocked by what is staged in it, and by nothing else.
        repo.mission(&["install"]).ok();
        repo.ok(&["commit", "-q", "-a", "-m", "good"]);
        for (at, (text, place)) in refused.iter().enumerate() {
            let path = format!("kitty-specs/n{at}/meta.json");
            repo.write(&path, text);
            repo.ok(&["commit", "-q", "--allow-empty", "-m", "another"]);
            repo.ok(&["add", "."]);
            let head = repo.head();
            let output = repo.git(&["commit", "-q", "-m", "bad"]).exits(1);
            assert!(output.stderr.contains(&format!("{path}{place}")), "{output}");
            assert_eq!((repo.head(), repo.read(&path).as_str()), (head, *text));
            repo.ok(&["rm", "-q", "-f", &path]);
        }
    });
}

enum Decided {
    Kept(&'static str),
    Surrogate,
    NotUtf8,
    TooDeep,
}

use Decided::{Kept, NotUtf8, Surrogate, TooDeep};

/// The cases of `docs/json.md`, on inputs of our own.
const UNDECIDED: [(&str, &[u8], Decided); 35] = [
    ("number_double_huge_neg_exp", b"[98.76e-987]", Kept("98.76e-987")),
    ("number_huge_exp", b"[0.7e00998877665544332211]", Kept("0.7e00998877665544332211")),
    ("number_neg_int_huge_exp", b"[-2e+8888]", Kept("-2e+8888")),
    ("number_pos_double_huge_exp", b"[2.25e+8888]", Kept("2.25e+8888")),
    ("number_real_neg_overflow", b"[-456456e200000]", Kept("-456456e200000")),
    ("number_real_pos_overflow", b"[456456e200000]", Kept("456456e200000")),
    ("number_real_underflow", b"[456e-20000000]", Kept("456e-20000000")),
    ("number_too_big_neg_int", b"[-987654321987654321987654321]", Kept("-987654321987654321987654321")),
    ("number_too_big_pos_int", b"[900000000000000000001]", Kept("900000000000000000001")),
    (
        "number_very_big_negative_int",
        b"[-765432109876543210987654321098765]",
        Kept("-765432109876543210987654321098765"),
    ),
    ("object_key_lone_2nd_surrogate", br#"{"\uDEAD": 1}"#, Surrogate),
    ("string_1st_surrogate_but_2nd_missing", br#"["\uD812"]"#, Surrogate),
    ("string_1st_valid_surrogate_2nd_invalid", br#"["\uD812\u1234"]"#, Surrogate),
    ("string_incomplete_surrogate_and_escape_valid", br#"["\uD812\t"]"#, Surrogate),
    ("string_incomplete_surrogate_pair", br#"["\uDd2ea"]"#, Surrogate),
    ("string_incomplete_surrogates_escape_valid", br#"["\uD812\uD812\t"]"#, Surrogate),
    ("string_invalid_lonely_surrogate", br#"["\udA00"]"#, Surrogate),
    ("string_invalid_surrogate", br#"["\ud812xyz"]"#, Surrogate),
    ("string_inverted_surrogates_U+1D11E", br#"["\uDE00\uD83D"]"#, Surrogate),
    ("string_lone_second_surrogate", br#"["\uDFBB"]"#, Surrogate),
    ("string_UTF-16LE_with_BOM", b"\xff\xfe[\0\"\0\xe8\0\"\0]\0", NotUtf8),
    ("string_UTF-8_invalid_sequence", b"[\"\xe6\x97\xa5\xd2\xfb\"]", NotUtf8),
    ("string_UTF8_surrogate_U+D800", b"[\"\xed\xa1\x80\"]", NotUtf8),
    ("string_invalid_utf-8", b"[\"\xfe\"]", NotUtf8),
    ("string_iso_latin_1", b"[\"\xe8\"]", NotUtf8),
    ("string_lone_utf8_continuation_byte", b"[\"\x82\"]", NotUtf8),
    ("string_not_in_unicode_range", b"[\"\xf5\x80\x80\x80\"]", NotUtf8),
    ("string_overlong_sequence_2_bytes", b"[\"\xc0\xae\"]", NotUtf8),
    ("string_overlong_sequence_6_bytes", b"[\"\xfc\x82\xbf\xbf\xbf\xbf\"]", NotUtf8),
    ("string_overlong_sequence_6_bytes_null", b"[\"\xfc\x80\x80\x80\x80\x81\"]", NotUtf8),
    ("string_truncated-utf-8", b"[\"\xe1\x80\"]", NotUtf8),
    ("string_utf16BE_no_BOM", b"\0[\0\"\0\xe8\0\"\0]", NotUtf8),
    ("string_utf16LE_no_BOM", b"[\0\"\0\xe8\0\"\0]\0", NotUtf8),
    ("structure_500_nested_arrays", &[b'['; 500], TooDeep),
    ("structure_UTF-8_BOM_empty_object", b"\xef\xbb\xbf{}", Kept("")),
];

#[test]
fn where_the_standard_leaves_the_choice_it_is_made_in_writing() {
    let document =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).expect("docs");
    for (name, input, decided) in &UNDECIDED {
        assert!(document.contains(&format!("`{name}`")), "{name} is not in docs/json.md");
        let read = written(input);
        match decided {
            Kept("") => assert_eq!(read.as_deref(), Ok("{}\n"), "{name}"),
            Kept(token) => assert_eq!(read, Ok(format!("[\n  {token}\n]\n")), "{name}"),
            Surrogate => assert_eq!(read, Err(ErrorKind::LoneSurrogate), "{name}"),
            NotUtf8 => assert_eq!(read, Err(ErrorKind::InvalidUtf8), "{name}"),
            TooDeep => assert_eq!(read, Err(ErrorKind::TooDeep { max: 127 }), "{name}"),
        }
    }
}
