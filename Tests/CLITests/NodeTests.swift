import Foundation
import Glibc
import MountTestSupport
import Testing

/// Which node a command works on, and what it tells when there is none.
@Suite struct NodeTests {
  @Test func initMakesARepoOnce() throws {
    try withTool(initialized: false) { tool in
      expect(
        try tool.outcome("ls", "bafy"), Code.repo, "there is no repo at \(tool.folder)/.local/share/swipfs",
        "swipfs init")
      expect(try tool.outcome("init", "--profile", "bogus"), Code.usage, "bogus", "unixfs-v1-2025")
      let made = try tool.run("init", "--profile", "legacy-cid-v0,server")
      #expect(made.contains("peer identity: 12D3KooW"))
      #expect(try tool.run("id", "-f", "<id>") == String(made.split(separator: " ").last ?? ""))
      expect(try tool.outcome("init"), Code.repo, "already")
      #expect(
        try tool.shell("printf 'hello world' | \"$swipfs\" add -Q") == "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD")
      #expect(try tool.run("config", "Swarm.DisableNatPortMap") == "true")
      #expect(try tool.run("--repo=\(tool.folder)/rsa", "init", "--algorithm", "rsa").contains("peer identity: Qm"))
    }
  }

  @Test func placesInTheirOrder() throws {
    try withTool { tool in
      var tool = tool
      // The usual place.
      let own = try tool.run("id", "-f", "<id>")
      // A variable of this program goes before those of Kubo.
      tool.environment["IPFS_API"] = "/ip4/127.0.0.1/tcp/1"
      tool.environment["SWIPFS_PATH"] = "\(tool.folder)/.local/share/swipfs"
      #expect(try tool.run("id", "-f", "<id>") == own)
      tool.environment["SWIPFS_PATH"] = nil
      expect(try tool.outcome("id"), Code.node, "$IPFS_API", "--api", "--repo")
      #expect(try tool.run("id", "-f", "<id>", "--repo", "\(tool.folder)/.local/share/swipfs") == own)
      expect(try tool.outcome("id", "--api", "/ip4/127.0.0.1/tcp/1"), Code.node, "swipfs daemon")
      expect(try tool.outcome("id", "--api", "nonsense"), Code.usage, "nonsense", "/ip4/127.0.0.1/tcp/5001")
      tool.environment["IPFS_API"] = nil
      // A Kubo whose daemon does not run is no reason to show another store.
      try tool.shell("mkdir kubo .ipfs; echo '{}' > kubo/config")
      #expect(try tool.run("id", "-f", "<id>") == own)
      tool.environment["IPFS_PATH"] = "\(tool.folder)/kubo"
      expect(try tool.outcome("id"), Code.node, "ipfs daemon", "\(tool.folder)/kubo", "--repo")
      try tool.shell("echo /ip4/127.0.0.1/tcp/1 > kubo/api")
      expect(try tool.outcome("id"), Code.node, "\(tool.folder)/kubo/api")
      tool.environment["IPFS_PATH"] = nil
      try tool.shell("echo '{}' > .ipfs/config")
      expect(try tool.outcome("id"), Code.node, "\(tool.folder)/.ipfs")
    }
  }

  @Test func whoeverHasTheRepoIsAsked() throws {
    try withTool { tool in
      let own = try tool.run("id", "-f", "<id>")
      try tool.withDaemon { address in
        #expect(try tool.run("id", "-f", "<id>") == own)
        #expect(try tool.run("id", "-f", "<id>", "--api", address) == own)
        let cid = try tool.shell("head -c 3000000 /dev/urandom > big; \"$swipfs\" add -Q big --to-files /big")
        try tool.shell("\"$swipfs\" cat \(cid) | cmp - big; \"$swipfs\" --api \(address) files read /big | cmp - big")
        #expect(try tool.run("repo", "verify").hasSuffix("all is well"))
        var kubo = tool
        kubo.environment["IPFS_PATH"] = "\(tool.folder)/.local/share/swipfs"
        #expect(try kubo.run("id", "-f", "<id>") == own)
        // Several at once, each a process.
        #expect(
          try tool.shell("for i in {1..6}; do \"$swipfs\" files ls & done; wait")
            == Array(repeating: "big", count: 6).joined(separator: "\n"))
      }
      #expect(access("\(tool.folder)/.local/share/swipfs/api", F_OK) != 0)
      #expect(try tool.run("files", "ls") == "big")
      // Without a daemon they wait for each other.
      #expect(try tool.shell("for i in {1..4}; do \"$swipfs\" files ls & done; wait") == "big\nbig\nbig\nbig")
    }
  }

  @Test func secrets() throws {
    try withTool { tool in
      try tool.run(
        "config", "--json", "API.Authorizations", #"{"me":{"AuthSecret":"bearer:abc","AllowedPaths":["/api/v0"]}}"#)
      try tool.shell("echo bearer:abc > right; echo basic:a:b > wrong; echo abc > none")
      try tool.withDaemon { address in
        expect(try tool.outcome("id", "--api", address), Code.node, "--api-auth")
        expect(try tool.outcome("id", "--api", address, "--api-auth", "\(tool.folder)/wrong"), Code.node, "--api-auth")
        expect(
          try tool.outcome("id", "--api", address, "--api-auth", "\(tool.folder)/none"), Code.usage, "bearer:TOKEN")
        try tool.run("id", "--api", address, "--api-auth", "\(tool.folder)/right")
        // The repo's owner needs none.
        try tool.run("id")
      }
    }
  }

  /// An address that is taken ends the daemon; what a killed one left is in nobody's way.
  @Test func daemonsThatCannotListenOrWereKilled() throws {
    try withTool { tool in
      try tool.withDaemon { address in
        let second = try tool.outcome("daemon", "--init", "--repo", "\(tool.folder)/second", "--address", address)
        #expect(second.code == Code.system && second.errors.contains("swipfs: cannot listen at"), "\(second)")
        expect(try tool.outcome("daemon"), Code.repo, "\(tool.folder)/.local/share/swipfs")
      }
      let daemon = try Program(
        [Binaries.swipfs, "daemon", "--address", "/ip4/127.0.0.1/tcp/0"], environment: tool.environment)
      let socket = "\(tool.folder)/.local/share/swipfs/rpc"
      let deadline = ContinuousClock.now + .seconds(60)
      while access(socket, F_OK) != 0, ContinuousClock.now < deadline { usleep(2000) }
      try daemon.signal(SIGKILL)
      _ = try daemon.wait()
      #expect(access(socket, F_OK) == 0)
      #expect(try tool.run("files", "ls") == "")
      try tool.withDaemon { _ in try tool.run("id") }
    }
  }

  /// A repo that lies deeper than the address of a socket can be long.
  @Test func deepRepos() throws {
    try withTool { tool in
      let deep = String(repeating: "deep-folder/", count: 12) + "repo"
      try tool.withDaemon(deep) { _ in
        let names = try tool.run("--repo", "\(tool.folder)/\(deep)", "files", "ls")
        #expect(names == "")
      }
    }
  }

  @Test func aHolderThatDoesNotAnswerIsNamed() throws {
    try withTool { tool in
      // It has the repo, and no socket.
      let holder = try Program(
        ["bash", "-c", "exec \"$swipfs\" add -Q < <(exec sleep 300)"], environment: tool.environment)
      defer {
        kill(-holder.pid, SIGKILL)
        _ = try? holder.wait()
      }
      let lock = "\(tool.folder)/.local/share/swipfs/repo.lock"
      let deadline = ContinuousClock.now + .seconds(60)
      var owner = ""
      while owner != "\(holder.pid)", ContinuousClock.now < deadline {
        usleep(5000)
        owner = ((try? String(contentsOfFile: lock, encoding: .utf8)) ?? "").trimmingCharacters(
          in: .whitespacesAndNewlines)
      }
      try #require(owner == "\(holder.pid)")
      let outcome = try tool.outcome("files", "ls")
      expect(outcome, Code.repo, "process ", "does not answer", "kill ")
    }
  }

  @Test func keysNamesAndConfiguration() throws {
    try withTool { tool in
      let key = try tool.run("key", "gen", "site")
      #expect(key.hasPrefix("k51"))
      #expect(try tool.run("key", "list", "-l").contains("\(key) site"))
      let cid = try tool.shell("printf hello | \"$swipfs\" add -Q")
      #expect(try tool.run("name", "publish", "--key", "site", cid) == "Published to \(key): /ipfs/\(cid)")
      #expect(try tool.run("name", "resolve", key) == "/ipfs/\(cid)")
      #expect(try tool.run("cat", "/ipns/\(key)") == "hello")
      try tool.shell(
        "\"$swipfs\" key export site; test $(stat -c %a site.key) = 600; \"$swipfs\" key rm site > /dev/null")
      expect(try tool.outcome("key", "export", "site"), Code.refused)
      #expect(try tool.shell("\"$swipfs\" key import again site.key") == key)
      try tool.run("key", "rename", "again", "site")
      #expect(
        try tool.json("key", "list", "--json").contains {
          $0["name"] as? String == "site" && $0["id"] as? String == key
        })

      #expect(try tool.run("config", "Addresses.API") == "/ip4/127.0.0.1/tcp/5001")
      try tool.run("config", "Addresses.API", "/ip4/127.0.0.1/tcp/5010")
      #expect(try tool.run("config", "Addresses.API") == "/ip4/127.0.0.1/tcp/5010")
      try tool.run("config", "--json", "API.HTTPHeaders.Access-Control-Allow-Origin", "[\"http://a.test\"]")
      #expect(try tool.run("config", "--json", "API.HTTPHeaders.Access-Control-Allow-Origin") == #"["http://a.test"]"#)
      try tool.run("config", "--bool", "Swarm.DisableNatPortMap", "true")
      #expect(!(try tool.run("config", "show")).contains("PrivKey"))
      try tool.shell("EDITOR=\"sed -i s/5010/5011/\" \"$swipfs\" config edit")
      #expect(try tool.run("config", "Addresses.API") == "/ip4/127.0.0.1/tcp/5011")
      expect(try tool.outcome("config", "--json", "Addresses.API", "{"), Code.usage, "no JSON")
      expect(try tool.outcome("config", "No.Such.Key"), Code.refused)
    }
  }
}
