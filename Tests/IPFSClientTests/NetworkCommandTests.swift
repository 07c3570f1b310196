import Foundation
import IPFSClient
import Multiformats
import RPCTestSupport
import Synchronization
import Testing

/// Commands about peers and the daemon that no recorded exchange has, and daemons of other versions.
struct NetworkCommandTests {
  private let hello = Recorded.hello

  // MARK: Daemons of other versions

  @Test func namesOfTheDNS() async throws {
    let reply = #"{"Path":"/ipfs/\#(hello)"}"#
    let older = try await ask(["dns": reply]) { try await $0.dns("ipfs.tech", recursive: true) }
    #expect(older.requests == ["dns?arg=ipfs.tech&recursive=true"])
    #expect(older.value == "/ipfs/\(hello)")
    let today = try await ask(["resolve": reply]) { try await $0.dns("ipfs.tech") }
    #expect(today.requests == ["dns?arg=ipfs.tech&recursive=false", "resolve?arg=/ipns/ipfs.tech&recursive=false"])
    #expect(today.value == "/ipfs/\(hello)")
  }

  @Test func theHashTableOfOlderDaemons() async throws {
    let peer = #"{"ID":"","Type":2,"Responses":[{"ID":"p","Addrs":["/ip4/1.2.3.4/tcp/1"]}],"Extra":""}"#
    let today = try await ask(["routing/findpeer": peer]) { try await $0.dht.findpeer("p").collect() }
    #expect(today.requests == ["routing/findpeer?arg=p"])
    #expect(today.value.first?.responses.first?.addresses == ["/ip4/1.2.3.4/tcp/1"])
    let older = try await ask(["dht/findpeer": peer]) { try await $0.dht.findpeer("p").collect() }
    #expect(older.requests == ["routing/findpeer?arg=p", "dht/findpeer?arg=p"])
    #expect(older.value == today.value)

    let value = #"{"ID":"","Type":0,"Responses":null,"Extra":""}{"ID":"","Type":5,"Responses":null,"Extra":"aGk="}"#
    let got = try await ask(["dht/get": value]) { try await $0.dht.get("/ipns/k") }
    #expect(got.value == "aGk=")
    #expect(try await ask(["routing/get": value]) { try await $0.routing.get("/ipns/k") }.value == Array("hi".utf8))

    let put = try await ask(["dht/put": ""]) { try await $0.dht.put("/ipns/k", Array("v".utf8)).collect() }
    #expect(put.requests == ["routing/put?arg=/ipns/k v", "dht/put?arg=/ipns/k v"])
    let text = try await ask(["routing/put": ""]) { try await $0.dht.put("/k", "v").collect() }
    #expect(text.requests == ["routing/put?arg=/k v"])
    let provided = try await ask(["dht/provide": ""]) {
      try await $0.dht.provide(hello, recursive: true).collect()
    }
    #expect(provided.requests.last == "dht/provide?arg=\(hello)&recursive=true")
    let found = try await ask(["dht/findprovs": ""]) {
      try await $0.dht.findprovs(hello, numProviders: 2).collect()
    }
    #expect(found.requests.last == "dht/findprovs?arg=\(hello)&num-providers=2")
  }

  @Test func aHashTableThatNoDaemonHasIsAnUnknownCommand() async throws {
    let error = await #expect(throws: ClientError.self) {
      try await ask([:]) { try await $0.dht.findpeer("p").collect() }
    }
    #expect(error?.reason == .unknownCommand)
    #expect(error?.command == "dht/findpeer")
  }

  @Test func aDaemonThatClosesTheConnectionIsStopped() async throws {
    let server = try await RPCTestServer { _ in [.close] }
    let client = try Client(ClientConfiguration(address: server.multiaddr))
    try await client.stop()
    #expect(server.requestCount == 1)
    await client.close()
    await server.stop()
  }

  @Test func listingsOfOtherDaemons() async throws {
    let reply = """
      {"Objects":[{"Hash":"\(hello)","Links":[
      {"Name":"a","Hash":"\(hello)","Size":1,"Type":-1},
      {"Name":"b","Hash":"\(hello)","Size":1,"Type":4,"Target":"a","Mode":134218239,
      "ModTime":"2023-11-15T00:13:20.25+02:00"}]},{"Hash":"/ipfs/x","Links":null}]}
      """
    let (listings, request) = try await ask("ls", reply) {
      try await $0.ls(hello, try CID(hello), headers: true, long: true).collect()
    }
    #expect(request == "ls?arg=\(hello)&arg=\(hello)&headers=true&long=true")
    #expect(listings.map(\.links.count) == [2, 0])
    let links = listings.flatMap(\.links)
    #expect(links.map(\.kind.rawValue) == [-1, 4])
    #expect(links.map(\.target) == ["", "a"])
    #expect(links.map(\.mode?.isSymbolicLink) == [nil, true])
    #expect(links.map(\.mtime) == [nil, 1_700_000_000])
    #expect(links.map(\.mtimeNsecs) == [nil, 250_000_000])
    let encoded = try JSONEncoder().encode(listings)
    #expect(try JSONDecoder().decode([Client.Listing].self, from: encoded) == listings)
  }

  @Test(arguments: [
    "", "x", "9999999999999999999-01-01T00:00:00Z", "999999999999-01-01T00:00:00Z", "-999999999999-01-01T00:00:00Z",
    "2023-99-99T99:99:99Z", "2023-11-15T00:13:20.\u{0663}Z",
  ]) func timesThatAreNoneAreLeftOut(_ time: String) async throws {
    let reply = """
      {"Objects":[{"Hash":"x","Links":[{"Name":"a","Hash":"\(hello)","Size":1,"Type":1,"ModTime":"\(time)"}]}]}
      """
    let (listings, _) = try await ask("ls", reply) { try await $0.ls(hello, long: true).collect() }
    let link = try #require(listings.first?.links.first)
    #expect(link.mtime.map { abs($0) < 1 << 60 } ?? true)
    #expect(link.mtimeNsecs.map { 0..<1_000_000_000 ~= $0 } ?? true)
  }

  // MARK: Messages

  @Test func messagesInMultibase() async throws {
    let reply = #"{"from":"12D3","data":"uAP8","seqno":"uAQ","topicIDs":["udGVzdGluZw"]}"# + "\n" + "{}"
    let heard = try await ask("pubsub/sub", reply) { try await $0.pubsub.subscribe("testing").collect() }
    #expect(heard.request == "pubsub/sub?arg=udGVzdGluZw")
    #expect(heard.value.count == 2)
    #expect(heard.value.first?.from == "12D3")
    #expect(heard.value.first?.data == [0, 255])
    #expect(heard.value.first?.seqno == [1])
    #expect(heard.value.first?.topicIDs == ["testing"])
    let topics = try await ask("pubsub/ls", #"{"Strings":["udGVzdGluZw"]}"#) { try await $0.pubsub.ls() }
    #expect(topics.value == ["testing"])
    let peers = try await ask("pubsub/peers", #"{"Strings":["p"]}"#) { try await $0.pubsub.peers("testing") }
    #expect(peers.request == "pubsub/peers?arg=udGVzdGluZw")
    #expect(peers.value == ["p"])
    let error = await #expect(throws: ClientError.self) {
      try await ask("pubsub/ls", #"{"Strings":["no multibase"]}"#) { try await $0.pubsub.ls() }
    }
    #expect(error?.code == .decoding)
    #expect(error?.command == "pubsub/ls")
  }

  @Test func messagesAsOlderDaemonsWriteThem() async throws {
    let bytes = Array(try #require(Data(base64Encoded: "EiAGLpkR")))
    let reply = #"{"from":"EiAGLpkR","data":"AP8=","seqno":"AQ==","topicIDs":["testing"]}"#
    let heard = try await ask("pubsub/sub", reply) {
      try await $0.pubsub.subscribe("testing", discover: true, encoding: .plain).collect()
    }
    #expect(heard.request == "pubsub/sub?arg=testing&discover=true")
    #expect(heard.value.first.map { "z" + $0.from } == Multibase.base58btc.encode(bytes))
    #expect(heard.value.first?.data == [0, 255])
    #expect(heard.value.first?.topicIDs == ["testing"])
    let topics = try await ask("pubsub/ls", #"{"Strings":["testing"]}"#) { try await $0.pubsub.ls(encoding: .plain) }
    #expect(topics.value == ["testing"])
    let published = try await ask("pubsub/pub", "") {
      try await $0.pubsub.publish("testing", "hello", encoding: .plain)
    }
    #expect(published.request == "pubsub/pub?arg=testing&arg=hello")
    let error = await #expect(throws: ClientError.self) {
      try await ask([:]) { try await $0.pubsub.publish("testing", [255], encoding: .plain) }
    }
    #expect(error?.code == .encoding)
  }

  /// A client that knows the daemon's version goes by it, and a call by what it says.
  @Test(arguments: [("0.10.0", "testing"), ("0.11.0-rc1", "udGVzdGluZw"), ("0.42.0", "udGVzdGluZw")])
  func messagesAsTheDaemonsVersionWritesThem(_ version: String, _ topic: String) async throws {
    let replies = [
      "version": #"{"Version":"\#(version)","Commit":"","Repo":"","System":"","Golang":""}"#,
      "pubsub/ls": #"{"Strings":["\#(topic)"]}"#, "pubsub/peers": "{}", "pubsub/pub": "", "pubsub/sub": "",
    ]
    let asked = try await ask(replies) { client in
      try await client.applyWorkarounds()
      #expect(try await client.pubsub.ls() == ["testing"])
      _ = try await client.pubsub.peers("testing")
      try await client.pubsub.publish("testing", "hello")
      _ = try await client.pubsub.subscribe("testing").collect()
      _ = try await client.pubsub.peers("testing", encoding: .plain)
      _ = try await client.pubsub.peers("testing", encoding: .multibase)
    }
    let message = topic == "testing" ? "&arg=hello" : " hello"
    #expect(
      asked.requests == [
        "version", "pubsub/ls", "pubsub/peers?arg=\(topic)", "pubsub/pub?arg=\(topic)\(message)",
        "pubsub/sub?arg=\(topic)", "pubsub/peers?arg=testing", "pubsub/peers?arg=udGVzdGluZw",
      ])
  }

  @Test func aSubscriptionWaitsLongerThanOtherCalls() async throws {
    let message = Array(#"{"from":"p","data":"u","seqno":"u","topicIDs":[]}"#.utf8)
    let server = try await RPCTestServer { _ in [.head(200), .wait(milliseconds: 600), .chunk(message), .stall] }
    let client = try Client(ClientConfiguration(address: server.multiaddr, timeouts: 0.2))
    var iterator = try await client.pubsub.subscribe("testing").makeAsyncIterator()
    #expect(try await iterator.next()?.from == "p")
    let error = await #expect(throws: ClientError.self) {
      for try await _ in try await client.pubsub.subscribe("testing", timeout: 0.2) {}
    }
    #expect(error?.code == .timeout)
    await client.close()
    await server.stop()
  }

  // MARK: Values of any form

  @Test func configurationsOfAnyForm() async throws {
    let config: JSON = ["A": [1, 2.5, nil, true], "B": ["c": "d"]]
    let replaced = try await ask("config/replace", "") { try await $0.config.replace(config) }
    #expect(replaced.request == #"config/replace {"A":[1,2.5,null,true],"B":{"c":"d"}}"#)
    let set = try await ask("config", #"{"Key":"K","Value":["a"]}"#) { try await $0.config.set("K", to: ["a"]) }
    #expect(set.request == #"config?arg=K&arg=["a"]&json=true"#)
    #expect(set.value == ["a"])
    let got = try await ask("config", #"{"Key":"K","Value":null}"#) { try await $0.config.get("K", expandAuto: true) }
    #expect(got.request == "config?arg=K&expand-auto=true")
    #expect(got.value == .null)
    let shown = try await ask("config/show", #"{"A":[1,2.5,null,true],"B":{"c":"d"}}"#) { try await $0.config.get() }
    #expect(shown.value == config)
    #expect(shown.value["A"]?.array?.compactMap(\.number) == [1, 2.5])
    let applied = try await ask("config/profile/apply", #"{"OldCfg":{"a":1},"NewCfg":{"a":2}}"#) {
      try await $0.config.applyProfile("test", dryRun: true)
    }
    #expect(applied.request == "config/profile/apply?arg=test&dry-run=true")
    #expect(applied.value.old["a"] == 1 && applied.value.new["a"] == 2)
    let error = await #expect(throws: ClientError.self) {
      try await ask([:]) { try await $0.config.set("K", to: .number(.infinity)) }
    }
    #expect(error?.code == .encoding)
  }

  // MARK: Peers

  @Test func connections() async throws {
    let reply = """
      {"Peers":[{"Addr":"/ip4/1.2.3.4/tcp/1","Peer":"p","Latency":"1ms","Direction":2,
      "Streams":[{"Protocol":"/x"}],"Identify":{"ID":"p","PublicKey":"k","Addresses":null,"AgentVersion":"a",
      "Protocols":["/x"]}},{"Addr":"/ip4/1.2.3.5/tcp/1","Peer":"q",
      "Identify":{"ID":"","PublicKey":"","Addresses":null,"AgentVersion":"","Protocols":null}}]}
      """
    let (peers, request) = try await ask("swarm/peers", reply) {
      try await $0.swarm.peers(verbose: true, streams: true, latency: true, direction: true, identify: true)
    }
    #expect(request == "swarm/peers?verbose=true&streams=true&latency=true&direction=true&identify=true")
    #expect(peers.map(\.direction) == [.outbound, .unknown])
    #expect(peers.first?.streams.map(\.protocol) == ["/x"])
    #expect(peers.map(\.identify?.agentVersion) == ["a", nil])
    #expect(peers.last?.latency == "")
  }

  @Test func reachability() async throws {
    let reply = #"{"reachability":"Private","unreachable":["/ip4/1.2.3.4/tcp/1"]}"#
    let found = try await ask("swarm/addrs/autonat", reply) { try await $0.swarm.addrsAutonat() }.value
    #expect(found.reachability == "Private" && found.nat == "")
    #expect(found.unreachable == ["/ip4/1.2.3.4/tcp/1"] && found.reachable.isEmpty)
    let local = try await ask("swarm/addrs/local", #"{"Strings":["a"]}"#) { try await $0.swarm.addrsLocal(id: true) }
    #expect(local.request == "swarm/addrs/local?id=true")
  }

  @Test func peering() async throws {
    let results = #"{"ID":"p","Status":"success"}{"ID":"q","Status":"success"}"#
    let added = try await ask("swarm/peering/add", results) { try await $0.swarm.peering.add("a", "b").collect() }
    #expect(added.request == "swarm/peering/add?arg=a&arg=b")
    #expect(added.value.map(\.id) == ["p", "q"])
    let listed = try await ask("swarm/peering/ls", #"{"Peers":[{"ID":"p","Addrs":["/a"]}]}"#) {
      try await $0.swarm.peering.ls()
    }
    #expect(listed.value.map(\.addresses) == [["/a"]])
    #expect(try await ask("swarm/peering/ls", #"{"Peers":null}"#) { try await $0.swarm.peering.ls() }.value.isEmpty)
    let removed = try await ask("swarm/peering/rm", results) { try await $0.swarm.peering.rm("p").collect() }
    #expect(removed.request == "swarm/peering/rm?arg=p")
    #expect(removed.value.first?.status == "success")
  }

  @Test func resources() async throws {
    let scope = """
      {"Memory":"unlimited","MemoryUsage":1,"FD":10,"FDUsage":2,"Conns":3,"ConnsUsage":4,"ConnsInbound":5,
      "ConnsInboundUsage":6,"ConnsOutbound":7,"ConnsOutboundUsage":8,"Streams":9,"StreamsUsage":10,"StreamsInbound":11,
      "StreamsInboundUsage":12,"StreamsOutbound":13,"StreamsOutboundUsage":14}
      """
    let reply = #"{"System":\#(scope),"Transient":\#(scope),"Peers":{"p":\#(scope)}}"#
    let found = try await ask("swarm/resources", reply) { try await $0.swarm.resources() }.value
    #expect(found.system.memory == "unlimited" && found.system.fd == 10)
    #expect(found.peers?["p"]?.streamsOutboundUsage == 14)
    #expect(found.services == nil)
  }

  @Test func exchanges() async throws {
    let stat = """
      {"Wantlist":[{"/":"\(hello)"}],"Peers":["p"],"BlocksReceived":1,"DataReceived":2,"DupBlksReceived":3,
      "DupDataReceived":4,"MessagesReceived":5,"BlocksSent":6,"DataSent":7}
      """
    let found = try await ask("stats/bitswap", stat) { try await $0.stats.bitswap(verbose: true, human: true) }
    #expect(found.request == "stats/bitswap?verbose=true&human=true")
    #expect(found.value.wantlist.map(\.description) == [hello])
    #expect(found.value.dataSent == 7)
    let wanted = try await ask("bitswap/wantlist", #"{"Keys":[{"/":"\#(hello)"}]}"#) {
      try await $0.bitswap.wantlist("p")
    }
    #expect(wanted.request == "bitswap/wantlist?peer=p")
    #expect(wanted.value.map(\.description) == [hello])
    let ledger = try await ask("bitswap/ledger", #"{"Peer":"p","Value":0.5,"Sent":1,"Recv":2,"Exchanged":3}"#) {
      try await $0.bitswap.ledger("p")
    }
    #expect(ledger.value.value == 0.5 && ledger.value.received == 2)
  }

  // MARK: The daemon

  @Test func hashTables() async throws {
    let reply = """
      {"Name":"wan","Buckets":[{"LastRefresh":"","Peers":null},{"LastRefresh":"2026-01-01T00:00:00Z",
      "Peers":[{"ID":"p","Connected":true,"AgentVersion":"a","LastUsefulAt":"","LastQueriedAt":""}]}]}
      {"Name":"lan","Buckets":null}
      """
    let found = try await ask("stats/dht", reply) { try await $0.stats.dht("wan", "lan").collect() }
    #expect(found.request == "stats/dht?arg=wan&arg=lan")
    #expect(found.value.map(\.name) == ["wan", "lan"])
    #expect(found.value.first?.buckets.last?.peers.map(\.connected) == [true])
  }

  @Test func announcements() async throws {
    let stat = #"{"Sweep":{"closed":false},"Legacy":null,"FullRT":false}"#
    let found = try await ask("provide/stat", stat) { try await $0.provide.stat(lan: true) }
    #expect(found.request == "provide/stat?lan=true")
    #expect(found.value.sweep?["closed"] == false)
    #expect(found.value.legacy == nil)
    #expect(try await ask("stats/provide", stat) { try await $0.stats.provide() }.value == found.value)
    #expect(try await ask("stats/reprovide", stat) { try await $0.stats.reprovide() }.value == found.value)
    #expect(try await ask("provide/clear", "3\n") { try await $0.provide.clear() }.value == 3)
    let cleared = try await ask("provide/clear", "") { try await $0.provide.clear(quiet: true) }
    #expect(cleared.request == "provide/clear?quiet=true" && cleared.value == nil)
    let queued = try await ask("provide/once", #"{"Queued":"\#(hello)"}"#) {
      try await $0.provide.once(hello, recursive: true).collect()
    }
    #expect(queued.request == "provide/once?arg=\(hello)&recursive=true")
    #expect(queued.value.map(\.description) == [hello])
  }

  @Test func versions() async throws {
    let deps =
      #"{"Path":"a","Version":"v1","ReplacedBy":"","Sum":"h1"}{"Path":"b","Version":"v2","ReplacedBy":"c","Sum":""}"#
    let found = try await ask("version/deps", deps) { try await $0.versionDeps().collect() }.value
    #expect(found.map(\.replacedBy) == ["", "c"])
    let check = """
      {"UpdateAvailable":true,"RunningVersion":"0.42.0","GreatestVersion":"0.43.0","PeersSampled":5,
      "WithGreaterVersion":2}
      """
    let checked = try await ask("version/check", check) { try await $0.versionCheck(minPercent: 7) }
    #expect(checked.request == "version/check?min-percent=7")
    #expect(checked.value.updateAvailable && checked.value.withGreaterVersion == 2)
  }

  @Test func commands() async throws {
    let reply = """
      {"Name":"ipfs","Subcommands":[{"Name":"ls","Subcommands":[],"Options":[{"Names":["stream","s"]}]}],"Options":null}
      """
    let tree = try await ask("commands", reply) { try await $0.commands() }.value
    #expect(tree.options.isEmpty)
    #expect(tree.subcommands.first?.options.map(\.names) == [["stream", "s"]])
  }

  @Test func requestsOfTheDaemon() async throws {
    let reply = """
      [{"ID":1,"Command":"cat","Args":null,"Options":{"offset":"3"},"Active":false,
      "StartTime":"2026-01-01T00:00:00Z","EndTime":"2026-01-01T00:00:01Z"}]
      """
    let found = try await ask("diag/cmds", reply) { try await $0.diag.cmds(verbose: true) }
    #expect(found.request == "diag/cmds?verbose=true")
    #expect(found.value.map(\.options) == [["offset": "3"]])
    #expect(try await ask("diag/cmds/clear", "") { try await $0.diag.cmds.clear() }.request == "diag/cmds/clear")
    let set = try await ask("diag/cmds/set-time", "") { try await $0.diag.cmds.setTime("1h") }
    #expect(set.request == "diag/cmds/set-time?arg=1h")
    let sys = try await ask("diag/sys", #"{"memory":{"virt":1}}"#) { try await $0.diag.sys() }
    #expect(sys.value["memory"]?["virt"]?.integer == 1)
    let profile = try await ask("diag/profile", "PK") {
      try await $0.diag.profile(collectors: ["heap", "cpu"], profileTime: "0").text()
    }
    #expect(profile.request == "diag/profile?collectors=heap,cpu&profile-time=0")
  }

  @Test func whatTheDaemonLogs() async throws {
    let levels = try await ask("log/level", #"{"Levels":{"core":"error"}}"#) {
      try await $0.unstable.log.levels("core")
    }
    #expect(levels.request == "log/level?arg=core")
    #expect(levels.value == ["core": "error"])
    let parts = try await ask("log/ls", #"{"Strings":["core","dht"]}"#) { try await $0.unstable.log.ls() }
    #expect(parts.value == ["core", "dht"])
    let tail = try await ask("log/tail", "a line\n") { try await $0.unstable.log.tail(logLevel: "info").text() }
    #expect(tail.request == "log/tail?log-level=info")
    #expect(tail.value == "a line\n")
  }

  // MARK: Tools

  @Test func formsOfCIDs() async throws {
    let reply = """
      {"cid":"\(hello)","version":0,"multibase":{"prefix":"z","name":"base58btc"},
      "multicodec":{"code":112,"name":"dag-pb"},
      "multihash":{"code":18,"name":"sha2-256","length":32,"digest":"46d4"},"cidV0":"\(hello)","cidV1":"bafy"}
      """
    let found = try await ask("cid/inspect", reply) { try await $0.cid.inspect(hello) }.value
    #expect(found.multicodec.code == 112 && found.multihash.digest == "46d4" && found.cidV0 == hello)
    #expect(found.error == nil)
    let codes = #"[{"Code":112,"Name":"dag-pb"}]"#
    let codecs = try await ask("cid/codecs", codes) { try await $0.cid.codecs(supported: true, numeric: true) }
    #expect(codecs.request == "cid/codecs?supported=true&numeric=true")
    #expect(codecs.value.map(\.name) == ["dag-pb"])
    #expect(try await ask("cid/hashes", codes) { try await $0.cid.hashes() }.value.map(\.code) == [112])
    #expect(
      try await ask("cid/bases", codes) { try await $0.cid.bases(prefix: true) }.request == "cid/bases?prefix=true")
    let failed = #"{"CidStr":"x","Formatted":"","ErrorMsg":"no CID"}"#
    let formatted = try await ask("cid/format", failed) {
      try await $0.cid.format("x", format: "%h", codec: "raw").collect()
    }
    #expect(formatted.request == "cid/format?arg=x&f=%h&mc=raw")
    #expect(formatted.value.map(\.error) == ["no CID"])
  }

  @Test func textsOfBases() async throws {
    let encoded = try await ask("multibase/encode", "f6869") {
      try await $0.multibase.encode(.text("hi"), base: "base16").text()
    }
    #expect(encoded.request == "multibase/encode?b=base16 hi")
    #expect(encoded.value == "f6869")
    let decoded = try await ask("multibase/decode", "hi") { try await $0.multibase.decode(.text("f6869")).collect() }
    #expect(decoded.request == "multibase/decode f6869")
    let other = try await ask("multibase/transcode", "uaGk") {
      try await $0.multibase.transcode(.text("f6869")).text()
    }
    #expect(other.request == "multibase/transcode f6869")
  }

  @Test func blocksInFiles() async throws {
    let reply = """
      {"Status":0,"ErrorMsg":"","Key":{"/":"\(hello)"},"FilePath":"a","Offset":1,"Size":2}
      {"Status":20,"ErrorMsg":"bad","Key":null,"FilePath":"","Offset":0,"Size":0}
      """
    let found = try await ask("filestore/verify", reply) {
      try await $0.filestore.verify(hello, fileOrder: true, removeBadBlocks: true).collect()
    }
    #expect(found.request == "filestore/verify?arg=\(hello)&file-order=true&remove-bad-blocks=true")
    #expect(found.value.map(\.status) == [.ok, .otherError])
    #expect(found.value.map(\.cid?.description) == [hello, nil])
    let dups = try await ask("filestore/dups", #"{"Ref":"\#(hello)","Err":""}{"Ref":"","Err":"bad"}"#) {
      try await $0.filestore.dups().collect()
    }
    #expect(dups.value.map(\.cid?.description) == [hello, nil])
    #expect(dups.value.map(\.error) == [nil, "bad"])
  }

  @Test func connectionsOfOtherPrograms() async throws {
    let event = #"{"Status":"active","Protocol":"/x/a","Address":"/ip4/127.0.0.1/tcp/1"}"#
    let forwarded = try await ask("p2p/forward", event) {
      try await $0.p2p.forward("/x/a", from: "/ip4/127.0.0.1/tcp/1", to: "/p2p/p", foreground: true).collect()
    }
    #expect(forwarded.request == "p2p/forward?arg=/x/a&arg=/ip4/127.0.0.1/tcp/1&arg=/p2p/p&foreground=true")
    #expect(forwarded.value.map(\.status) == ["active"])
    let listening = try await ask("p2p/listen", "") {
      try await $0.p2p.listen("a", to: "/t", allowCustomProtocol: true, reportPeerID: true).collect()
    }
    #expect(listening.request == "p2p/listen?arg=a&arg=/t&allow-custom-protocol=true&report-peer-id=true")
    let listener = #"{"Listeners":[{"Protocol":"/x/a","ListenAddress":"/l","TargetAddress":"/t"}]}"#
    #expect(try await ask("p2p/ls", listener) { try await $0.p2p.ls() }.value.map(\.targetAddress) == ["/t"])
    let closed = try await ask("p2p/close", "2") { try await $0.p2p.close(protocol: "/x/a", targetAddress: "/t") }
    #expect(closed.request == "p2p/close?protocol=/x/a&target-address=/t")
    #expect(closed.value == 2)
    let stream =
      #"{"Streams":[{"HandlerID":"1","Protocol":"/x/a","OriginAddress":"/o","TargetAddress":"/t"}]}"#
    #expect(try await ask("p2p/stream/ls", stream) { try await $0.p2p.stream.ls() }.value.map(\.handlerID) == ["1"])
    let cut = try await ask("p2p/stream/close", "") { try await $0.p2p.stream.close("1") }
    #expect(cut.request == "p2p/stream/close?arg=1")
  }

  @Test func mounts() async throws {
    let mounted = try await ask("mount", #"{"IPFS":"/a","IPNS":"/b","MFS":"/c","FuseAllowOther":null}"#) {
      try await $0.mount(ipfsPath: "/a", mfsPath: "/c")
    }
    #expect(mounted.request == "mount?ipfs-path=/a&mfs-path=/c")
    #expect(mounted.value.mfs == "/c")
  }
}
