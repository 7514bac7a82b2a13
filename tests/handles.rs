//! `git mission show`: one mission, by any of its names.

use crate::support::{World, each_git};

#[test]
fn a_mission_is_found_by_each_of_its_names() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        let meta = |id: &str, slug: &str, number: u32| {
            format!("{{\"mission_id\": \"{id}\", \"slug\": \"{slug}\", \"mission_number\": {number}}}")
        };
        repo.write("kitty-specs/081-one/meta.json", meta("01KQ47E80QJG8GTVGDCV67RW7M", "one", 81));
        repo.commit("kitty-specs/two/meta.json", meta("01KQ47E80QJG8GTVGDCV67RW7N", "two", 82));
        for handle in ["01KQ47E80QJG8GTVGDCV67RW7M", "01kq47e80qjg8gtvgdcv67rw7m", "081-one", "one"] {
            let output = repo.mission(&["show", handle, "--json"]).ok();
            assert_eq!(output.json()["mission"]["path"], "kitty-specs/081-one", "{handle}");
            assert_eq!(output.stderr, "");
        }
        for number in ["81", "081", "#81"] {
            let output = repo.mission(&["show", number]).ok();
            assert!(output.stdout.contains("mission_id      01KQ47E80QJG8GTVGDCV67RW7M\n"), "{output}");
            assert!(
                output.stderr.starts_with("hint: ") && output.stderr.contains("01KQ47E80QJG"),
                "{output}"
            );
        }
        // In a bare repository, and as another commit has it.
        let bare = world.bare("bare.git");
        repo.ok(&["push", "-q", &bare.path().to_string_lossy(), "main"]);
        bare.mission(&["show", "two", "--rev", "main"]).ok();
        bare.mission(&["show", "two"]).exits(3);

        let ambiguous = repo.mission(&["show", "01KQ47E8"]).exits(2);
        for shortest in ["01KQ47E80QJG8GTVGDCV67RW7M", "01KQ47E80QJG8GTVGDCV67RW7N", "081-one", "two"] {
            assert!(ambiguous.stderr.contains(shortest), "{ambiguous}");
        }
        let unknown = repo.mission(&["show", "nothing", "--json"]).exits(2).json();
        assert_eq!(unknown["error"]["code"], "no_such_mission");
    });
}
