import Foundation
import Glibc
import MountTestSupport
import Testing

/// `swipfs repo migrate`, from one node to another.
@Suite struct MigrationTests {
  private static let make = """
    mkdir -p d/sub; for i in 1 2 3; do head -c 2000000 /dev/urandom > d/$i; done; printf text > d/sub/t; ln -s 1 d/l
    "$swipfs" add -r -H -Q d --pin-name "a tree" --to-files /tree > tree.cid
    printf one | "$swipfs" add -Q --no-pin > one.cid
    "$swipfs" pin add --direct --name alone $(cat one.cid) > /dev/null
    head -c 40000000 /dev/zero | "$swipfs" add -Q > /dev/null
    printf '{"x":{"/":"%s"}}' $(cat one.cid) | "$swipfs" dag put --pin > node.cid
    "$swipfs" files mkdir -p /docs/deep
    printf 'not pinned' | "$swipfs" files write --create /docs/deep/file
    "$swipfs" files cp /ipfs/$(cat tree.cid)/l /link 2> /dev/null || true
    "$swipfs" key gen site > /dev/null
    """

  @Test func everythingArrives() throws {
    try withTool { tool in
      try tool.shell(Self.make)
      try tool.withDaemon("target") { address in
        let target = ["--api", address]
        let report = try tool.json("repo", "migrate", "--json", "--to", address)
        #expect(report.count == 1 && report[0]["pins"] as? Int == 4 && report[0]["files"] as? Int == 3, "\(report)")
        // What repeats itself is sent once.
        #expect(report[0]["bytesSent"] as? Int ?? 0 < 10_000_000, "\(report)")
        #expect((report[0]["keys"] as? [String] ?? []) + (report[0]["keysLeft"] as? [String] ?? []) == ["site"])
        for command in [
          ["pin", "ls", "--type", "recursive"], ["pin", "ls", "--type", "direct"], ["files", "ls", "-l"],
        ] {
          let here = try Program([Binaries.swipfs] + command, environment: tool.environment).wait()
          let there = try Program([Binaries.swipfs] + target + command, environment: tool.environment).wait()
          #expect(here.output.split(separator: "\n").sorted() == there.output.split(separator: "\n").sorted())
          #expect(!here.output.isEmpty)
        }
        try tool.shell("\"$swipfs\" --api \(address) get $(cat tree.cid) -o out; diff -r --no-dereference d out")
        #expect(try tool.run("--api", address, "files", "read", "/docs/deep/file") == "not pinned")
        // What is there is not sent again.
        let again = try tool.json("repo", "migrate", "--json", "--to", address)
        #expect(again[0]["blocksSent"] as? Int == 0, "\(again)")
        #expect(try tool.run("--api", address, "repo", "gc").contains(" kept"))
        #expect(try tool.run("--api", address, "repo", "verify").hasSuffix("all is well"))
      }
    }
  }

  @Test func conflictsEndItBeforeAnything() throws {
    try withTool { tool in
      try tool.shell(Self.make)
      try tool.withDaemon("target") { address in
        try tool.shell("printf other | \"$swipfs\" --api \(address) files write --create /link")
        expect(try tool.outcome("repo", "migrate", "--to", address), Code.refused, "/link", "nothing was moved")
        let tree = try tool.shell("cat tree.cid")
        #expect(try tool.outcome("--api", address, "block", "stat", tree).code == Code.refused)
        #expect(try tool.run("--api", address, "pin", "ls") == "")
        try tool.run("--api", address, "files", "rm", "/link")
        try tool.run("repo", "migrate", "--to", address)
      }
      expect(try tool.outcome("repo", "migrate", "--to", "/ip4/127.0.0.1/tcp/1"), Code.node, "/ip4/127.0.0.1/tcp/1")
      try tool.withDaemon { address in
        expect(try tool.outcome("repo", "migrate", "--to", address), Code.usage, "same node")
      }
    }
  }

  @Test(arguments: [SIGINT, SIGKILL]) func interruptedAndContinued(_ signal: Int32) throws {
    try withTool { tool in
      try tool.shell(
        "head -c 100000000 /dev/urandom > big; \"$swipfs\" add -Q big > big.cid; \"$swipfs\" files cp /ipfs/$(cat big.cid) /big"
      )
      try tool.withDaemon("target") { address in
        let first = try Program(
          [Binaries.swipfs, "repo", "migrate", "--to", address], environment: tool.environment)
        // When a part of it has arrived.
        let blocks = URL(filePath: "\(tool.folder)/target/blocks")
        let deadline = ContinuousClock.now + .seconds(60)
        func arrived() -> Int {
          (FileManager.default.enumerator(at: blocks, includingPropertiesForKeys: nil)?.allObjects.count) ?? 0
        }
        let before = arrived()
        while arrived() < before + 12, ContinuousClock.now < deadline { usleep(2000) }
        try first.signal(signal)
        let outcome = try first.wait()
        #expect(outcome.code == 128 + signal, "\(outcome)")
        #expect(try tool.run("--api", address, "pin", "ls") == "")
        let report = try tool.json("repo", "migrate", "--json", "--to", address)
        let sent = try #require(report[0]["bytesSent"] as? Int)
        #expect(sent < 100_000_000 - (1 << 20), "\(report)")
        try tool.shell("\"$swipfs\" --api \(address) files read /big | cmp - big")
        #expect(
          try tool.run("--api", address, "pin", "ls", "-q", "--type", "recursive") == (try tool.shell("cat big.cid")))
        #expect(try tool.run("--api", address, "repo", "verify").hasSuffix("all is well"))
      }
    }
  }
}
