import Foundation
import MountTestSupport
import Testing

/// The tree of files, pins and the repo.
@Suite struct FilesTests {
  @Test func filesGoThroughTheirLife() throws {
    try withTool { tool in
      try tool.run("files", "mkdir", "-p", "/a/b")
      try tool.shell("printf 'hello world' | \"$swipfs\" files write --create --parents /a/b/text")
      #expect(try tool.run("files", "read", "-o", "6", "-n", "3", "/a/b/text") == "wor")
      try tool.shell("printf WORLD > patch; \"$swipfs\" files write -o 6 /a/b/text patch")
      #expect(try tool.run("files", "read", "/a/b/text") == "hello WORLD")
      try tool.run("files", "cp", "/a/b/text", "/copy")
      try tool.run("files", "mv", "/copy", "/moved")
      #expect(try tool.run("files", "ls") == "a\nmoved")
      let cid = try tool.run("files", "stat", "--hash", "/moved")
      #expect(try tool.run("cat", cid) == "hello WORLD")
      #expect(
        try tool.run("files", "ls", "-l", "/")
          == "a/\t\(try tool.run("files", "stat", "--hash", "/a"))\t-\nmoved\t\(cid)\t11")
      let stat = try tool.json("files", "stat", "--json", "--with-local", "/moved")
      #expect(
        stat[0]["size"] as? Int == 11 && stat[0]["type"] as? String == "file" && stat[0]["local"] as? Bool == true)
      try tool.run("files", "chmod", "640", "/moved")
      try tool.run("files", "touch", "--mtime", "1000000000", "/moved")
      #expect(
        try tool.run("files", "stat", "--format", "<mode> <mtime> <size>", "/moved")
          == "-rw-r----- 2001-09-09 01:46:40 11")
      #expect(try tool.run("files", "flush") == (try tool.run("files", "stat", "--hash", "/")))
      expect(try tool.outcome("files", "rm", "/a"), Code.refused, "/a")
      try tool.run("files", "rm", "-r", "/a", "/moved")
      #expect(try tool.run("files", "ls") == "")
      expect(try tool.outcome("files", "read", "/none"), Code.refused, "file does not exist")
    }
  }

  @Test func pinsAndGarbage() throws {
    try withTool { tool in
      try tool.shell("mkdir d; head -c 2000000 /dev/urandom > d/a; printf x > d/b")
      let cid = try tool.run("add", "-r", "-Q", "--no-pin", "\(tool.folder)/d")
      #expect(try tool.run("pin", "add", "--name", "kept", "/ipfs/\(cid)/b").hasSuffix(" recursively"))
      #expect(try tool.run("pin", "add", "--direct", cid) == "pinned \(cid) directly")
      let pins = try tool.json("pin", "ls", "--json")
      #expect(pins.count == 2)
      #expect(pins.contains { $0["name"] as? String == "kept" && $0["type"] as? String == "recursive" })
      #expect(pins.contains { $0["cid"] as? String == cid && $0["type"] as? String == "direct" })
      expect(try tool.outcome("pin", "ls", "--type", "some"), Code.usage, "some")
      let removed = try tool.json("repo", "gc", "--json")
      #expect((removed[0]["blocksRemoved"] as? Int ?? 0) >= 2 && (removed[0]["bytesFreed"] as? Int ?? 0) > 1_900_000)
      #expect(try tool.run("repo", "verify").hasSuffix("all is well"))
      #expect(try tool.run("pin", "rm", cid) == "unpinned \(cid)")
      expect(try tool.outcome("pin", "rm", cid), Code.refused, "not pinned", "swipfs pin ls")
      #expect(try tool.run("repo", "stat").contains("stored "))
      #expect(try tool.json("repo", "stat", "--json")[0]["pins"] as? Int == 1)
      #expect(try tool.run("repo", "path") == "\(tool.folder)/.local/share/swipfs")
      #expect(try tool.run("pin", "verify") == "")
      #expect(try tool.run("repo", "ls").contains("baf"))
      #expect(try Int(tool.run("repo", "version")) != nil)
    }
  }

  @Test func verifyFindsDamage() throws {
    try withTool { tool in
      let cid = try tool.shell("head -c 5000 /dev/urandom | \"$swipfs\" add -Q --stdin-name f --to-files /f")
      try tool.shell(
        "f=$(find .local/share/swipfs/blocks -size +4k -name '*.data' | head -1); chmod u+w \"$f\"; printf X | dd of=\"$f\" conv=notrunc status=none"
      )
      let outcome = try tool.outcome("repo", "verify")
      #expect(outcome.code == Code.data && outcome.output.contains("damaged"), "\(outcome)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
      let json = try tool.outcome("repo", "verify", "--json")
      #expect(json.code == Code.data && json.output.contains(#""findings":[""#), "\(json)")
      #expect(try tool.outcome("cat", cid).code == Code.refused)
    }
  }
}
