import Foundation
import MountTestSupport
import Testing

/// Trees that go in by `add` and come out by `get`, `cat` and `ls`.
@Suite struct ContentTests {
  /// A tree with everything that a tree can have.
  private static let makeTree = """
    mkdir -p tree/sub/deep tree/empty tree/.git
    head -c 3000000 /dev/urandom > tree/big
    printf hello > tree/sub/text
    printf 'tief\\n' > 'tree/sub/deep/späte Grüße'
    : > tree/nothing
    ln -s sub/text tree/link
    printf secret > tree/.hidden
    printf config > tree/.git/config
    """

  @Test func treesComeOutAsTheyWentIn() throws {
    try withTool { tool in
      try tool.shell(Self.makeTree)
      let cid = try tool.run("add", "-r", "-H", "-Q", "\(tool.folder)/tree")
      #expect(try tool.run("add", "-r", "-H", "-Q", "-n", "\(tool.folder)/tree") == cid)
      #expect(try tool.run("get", cid, "-o", "\(tool.folder)/out") == "saved \(tool.folder)/out")
      try tool.shell("diff -r --no-dereference tree out; test -d out/empty; test \"$(readlink out/link)\" = sub/text")
      // Into a directory that is there, under its own name; and the name with a slash means that, too.
      try tool.shell(
        "mkdir there; \"$swipfs\" get \(cid)/sub -o there; \"$swipfs\" get \(cid)/sub -o new/; diff -r there new")
      try tool.shell("diff -r there/sub tree/sub")
      try tool.shell(
        "\"$swipfs\" get -a \(cid) -o - | tar -xf - --strip-components=1 --one-top-level=tar; diff -r --no-dereference tree tar"
      )
      try tool.shell(
        "\"$swipfs\" get -a -C \(cid) -o pack.tar.gz; tar -xzf pack.tar.gz; diff -r --no-dereference tree \(cid)")
      try tool.shell("\"$swipfs\" cat \(cid)/big | cmp - tree/big")
      try tool.shell(
        "\"$swipfs\" cat -o 1000000 -l 500 /ipfs/\(cid)/big | cmp - <(tail -c +1000001 tree/big | head -c 500)")
      let names = try tool.json("ls", "--json", cid).compactMap { $0["name"] as? String }
      #expect(names.sorted() == [".git", ".hidden", "big", "empty", "link", "nothing", "sub"])
      #expect(try tool.shell("\"$swipfs\" ls \(cid)/sub | cut -d' ' -f2-") == "- deep/\n5 text")
      #expect(try tool.run("ls", "-H", cid).contains(" 2.9 MiB big"))
      #expect(
        try tool.run("resolve", "/ipfs/\(cid)/sub/text")
          == "/ipfs/\(try tool.shell("\"$swipfs\" add -Q tree/sub/text"))")
      #expect(try tool.run("refs", "--unique", "-r", cid).split(separator: "\n").count >= 7)
    }
  }

  /// Very many files in one addition, through a daemon whose memory does not grow with them.
  @Test func aHundredThousandFilesAtOnce() throws {
    try withTool { tool in
      try FileManager.default.createDirectory(atPath: "\(tool.folder)/many", withIntermediateDirectories: true)
      for index in 0..<100_000 {
        try write("\(index)\n".utf8, to: "\(tool.folder)/many/f\(index)")
      }
      try tool.withDaemon { _ in
        let cid = try tool.run("add", "-r", "-Q", "\(tool.folder)/many")
        #expect(try tool.shell("\"$swipfs\" ls \(cid) | wc -l") == "100000")
        #expect(try tool.shell("\"$swipfs\" cat \(cid)/f99999") == "99999")
        let pid = try tool.shell("cat .local/share/swipfs/repo.lock")
        let peak = try tool.shell("grep VmHWM /proc/\(pid)/status | tr -dc 0-9")
        #expect(try #require(Int(peak)) < 200 << 10)
      }
    }
  }

  @Test func hiddenAndIgnoredFilesAreLeftOut() throws {
    try withTool { tool in
      try tool.shell(
        """
        mkdir -p t/build t/src/build t/logs t/src/keep
        touch t/.hidden t/a.o t/src/b.o t/src/keep.o t/build/x t/src/build/y t/logs/1.log t/src/c t/'odd[1]' t/src/keep/z
        printf '# objects\\n*.o\\n!keep.o\\n/build/\\nlogs/*.log\\n\\n**/keep/z\\n' > rules
        """)
      func names(_ options: String) throws -> String {
        try tool.shell("\"$swipfs\" add -r -n \(options) t | cut -d' ' -f3- | sort | tr '\\n' ' '")
      }
      let all =
        "t t/a.o t/build t/build/x t/logs t/logs/1.log t/odd[1] t/src t/src/b.o t/src/build t/src/build/y t/src/c"
      #expect(try names("") == "\(all) t/src/keep t/src/keep.o t/src/keep/z ")
      #expect(try names("--hidden") == "t t/.hidden \(all.dropFirst(2)) t/src/keep t/src/keep.o t/src/keep/z ")
      #expect(
        try names("--ignore-rules-path rules")
          == "t t/logs t/odd[1] t/src t/src/build t/src/build/y t/src/c t/src/keep t/src/keep.o ")
      #expect(
        try names("--ignore build --ignore '*.[a-o]' --ignore 'odd\\[1]' --ignore 'l?gs'")
          == "t t/src t/src/c t/src/keep t/src/keep/z ")
      // What was named is added whatever it is called.
      #expect(try tool.shell("\"$swipfs\" add -n -q t/.hidden t/a.o --ignore a.o | wc -l") == "2")
    }
  }

  @Test func pipesAreRefusedBeforeAnythingIsSent() throws {
    try withTool { tool in
      try tool.shell("mkdir -p d/sub d/.git; printf a > d/a; mkfifo d/.git/p; ln -s a d/link")
      let tree = "\(tool.folder)/d"
      let cid = try tool.run("add", "-r", "-Q", "-n", tree)
      try tool.shell("mkfifo d/sub/p; ln -s d named; ln -s nowhere dangling")
      expect(try tool.outcome("add", "-r", tree), Code.system, "d/sub/p", "a pipe")
      expect(try tool.outcome("add", "\(tree)/sub/p"), Code.system, "d/sub/p", "a pipe")
      #expect(try tool.run("pin", "ls") == "")
      // What is left out does not count.
      #expect(try tool.run("add", "-r", "-Q", "--ignore", "p", tree) == cid)
      expect(try tool.outcome("add", "-r", "-H", "--ignore", "sub", tree), Code.system, "d/.git/p")
      // A link that is named is added as the one that it is.
      let links = try tool.shell("\"$swipfs\" add -r -Q -w dangling named")
      #expect(try tool.json("ls", "--json", links).map { $0["target"] as? String } == ["nowhere", "d"])
      #expect(
        try tool.run("add", "-r", "-Q", "--ignore", "p", "--dereference-args", "\(tool.folder)/named") == cid)
    }
  }

  @Test func outputForProgramsIsPlain() throws {
    try withTool { tool in
      try tool.shell("mkdir d; printf hello > d/a; printf world > d/b")
      let text = try tool.outcome("add", "-r", "\(tool.folder)/d")
      #expect(text.errors.isEmpty && text.output.split(separator: "\n").count == 3, "\(text)")
      #expect(text.output.hasPrefix("added bafkrei") && text.output.contains(" d/a\n"))
      let quiet = try tool.run("add", "-r", "-q", "\(tool.folder)/d").split(separator: "\n")
      #expect(quiet.count == 3 && quiet.allSatisfy { $0.hasPrefix("baf") })
      #expect(try tool.run("add", "-r", "-Q", "\(tool.folder)/d") == String(quiet[2]))
      #expect(try tool.run("add", "-r", "--silent", "\(tool.folder)/d") == "")
      let entries = try tool.json("add", "-r", "--json", "\(tool.folder)/d")
      #expect(entries.map { $0["name"] as? String } == ["d/a", "d/b", "d"])
      #expect(entries.map { $0["cid"] as? String } == quiet.map(String.init))
      let based = try tool.run("--cid-base", "base58btc", "add", "-Q", "\(tool.folder)/d/a")
      #expect(based.hasPrefix("z"))
      #expect(try tool.run("cat", based) == "hello")
    }
  }

  @Test func standardInputAndImportOptions() throws {
    try withTool { tool in
      #expect(
        try tool.shell("printf 'hello world' | \"$swipfs\" add -Q --cid-version 0 --no-raw-leaves")
          == "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD")
      // As Kubo's users write it.
      #expect(
        try tool.shell("printf 'hello world' | \"$swipfs\" add -Q --cid-version=0 --raw-leaves=false --pin=false -")
          == "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD")
      let raw = try tool.shell("printf 'hello world' | \"$swipfs\" add -Q --pin-name greeting")
      #expect(raw == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e")
      #expect(try tool.run("pin", "ls", "--name", "greet") == "\(raw) recursive greeting")
      let wrapped = try tool.shell("printf x | \"$swipfs\" add -Q -w --stdin-name named")
      #expect(try tool.shell("\"$swipfs\" ls \(wrapped) | cut -d' ' -f2-") == "1 named")
      #expect(
        try tool.shell("head -c 100000 /dev/zero | \"$swipfs\" add -Q -s size-1000 -t | xargs \"$swipfs\" cat | wc -c")
          == "100000")
      // More than any buffer, through a pipe.
      #expect(
        try tool.shell(
          "head -c 30000000 /dev/zero | \"$swipfs\" add -Q | xargs \"$swipfs\" cat | cmp - <(head -c 30000000 /dev/zero)"
        ) == "")
    }
  }

  @Test func archivesOfDAGs() throws {
    try withTool { tool in
      try tool.shell(Self.makeTree)
      let cid = try tool.run("add", "-r", "-Q", "\(tool.folder)/tree")
      try tool.run("dag", "export", cid, "-o", "\(tool.folder)/tree.car")
      #expect(try tool.shell("\"$swipfs\" dag export \(cid) | cmp - tree.car") == "")
      try tool.shell("\"$swipfs\" init --repo other > /dev/null")
      #expect(
        try tool.shell("\"$swipfs\" dag import --repo other --stats tree.car")
          .contains("pinned root \(cid)\nimported "))
      #expect(try tool.run("--repo", "\(tool.folder)/other", "pin", "ls", "-q", "-t", "recursive") == cid)
      let stat = try tool.json("dag", "stat", "--json", cid)
      #expect(stat.count == 2 && stat[0]["cid"] as? String == cid && (stat[1]["uniqueBlocks"] as? Int ?? 0) > 5)
      let node = try tool.shell("printf '{\"a\":{\"/\":\"\(cid)\"},\"b\":[1,2]}' | \"$swipfs\" dag put")
      #expect(try tool.run("dag", "get", "\(node)/b") == "[1,2]")
      #expect(try tool.run("dag", "resolve", "\(node)/a/sub") == (try tool.run("dag", "resolve", "\(cid)/sub")))
      #expect(try tool.run("dag", "resolve", "\(node)/b/1") == "\(node)/b/1")
      let block = try tool.shell("printf 'raw bytes' | \"$swipfs\" block put")
      #expect(try tool.run("block", "get", block) == "raw bytes")
      #expect(try tool.run("block", "stat", block) == "Key: \(block)\nSize: 9")
      #expect(try tool.run("block", "rm", block) == "removed \(block)")
      expect(try tool.outcome("block", "get", block), Code.refused, "does not have it")
    }
  }
}
