import Foundation
import IPFSClient
import Multiformats
import RPCTestSupport
import Testing

/// Commands, options and replies that no recorded exchange has, against replies as Kubo's source has them.
struct UnrecordedCommandTests {
  private let hello = Recorded.hello

  // MARK: pin

  @Test func pinsAtServices() async throws {
    let pin = #"{"Status":"queued","Cid":"\#(hello)","Name":"n"}"#
    let added = try await ask(pin) {
      try await $0.pin.remote.add(hello, service: "s", name: "n", background: true)
    }
    #expect(added.request == "pin/remote/add?arg=\(hello)&service=s&name=n&background=true")
    #expect(added.value.status == .queued && added.value.cid.description == hello && added.value.name == "n")

    let cid = try CID(hello)
    let listed = try await ask(pin + "\n" + pin) {
      try await $0.pin.remote.ls(service: "s", cids: [cid, cid], status: [.queued, .failed]).collect()
    }
    #expect(listed.request == "pin/remote/ls?service=s&cid=\(hello)&cid=\(hello)&status=queued&status=failed")
    #expect(listed.value.count == 2)

    let removed = try await ask("") { try await $0.pin.remote.rm(service: "s", name: "n", force: true) }
    #expect(removed.request == "pin/remote/rm?service=s&name=n&force=true")
  }

  @Test func services() async throws {
    let count = #""PinCount":{"Queued":1,"Pinning":2,"Pinned":3,"Failed":4}"#
    let reply = """
      {"RemoteServices":[{"Service":"a","ApiEndpoint":"https://a","Stat":{"Status":"valid",\(count)}},
      {"Service":"b","ApiEndpoint":"https://b","Stat":{"Status":"invalid"}},{"Service":"c","ApiEndpoint":"https://c"}]}
      """
    let listed = try await ask(reply) { try await $0.pin.remote.service.ls(stat: true) }
    #expect(listed.request == "pin/remote/service/ls?stat=true")
    #expect(listed.value.map(\.name) == ["a", "b", "c"])
    #expect(listed.value.map(\.stat?.status) == ["valid", "invalid", nil])
    #expect(listed.value.first?.stat?.pinCount?.failed == 4)
    #expect(try await ask(#"{"RemoteServices":null}"#) { try await $0.pin.remote.service.ls() }.value.isEmpty)

    let added = try await ask("") { try await $0.pin.remote.service.add("a", endpoint: "https://a", key: "k") }
    #expect(added.request == "pin/remote/service/add?arg=a&arg=https://a&arg=k")
    #expect(try await ask("") { try await $0.pin.remote.service.rm("a") }.request == "pin/remote/service/rm?arg=a")
  }

  @Test func brokenPins() async throws {
    let reply = """
      {"Cid":"\(hello)","BadNodes":[{"Cid":"\(Recorded.absent)","Err":"gone"}]}
      {"Err":"no pins"}
      """
    let found = try await ask(reply) { try await $0.pin.verify(quiet: true).collect() }
    #expect(found.request == "pin/verify?quiet=true")
    #expect(found.value.map(\.isOK) == [false, false])
    #expect(found.value.first?.badNodes.map(\.error) == ["gone"])
    #expect(found.value.last?.cid == nil && found.value.map(\.error) == [nil, "no pins"])
  }

  @Test func pinsThatAreNone() async throws {
    #expect(try await ask("{}") { try await $0.pin.ls(stream: false).collect() }.value.isEmpty)
    for reply in [#"{"Cid":"\#(hello)","Type":"odd"}"#, #"{"Keys":{"odd":{"Type":"direct"}}}"#] {
      let error = await #expect(throws: ClientError.self) {
        try await ask(reply) { try await $0.pin.ls().collect() }
      }
      #expect(error?.code == .decoding && error?.command == "pin/ls")
    }
  }

  @Test func optionsOfPins() async throws {
    let pins = #"{"Pins":["\#(hello)"]}"#
    let added = try await ask(pins) {
      try await $0.pin.add(hello, fastProvideRoot: false, fastProvideDAG: true, fastProvideWait: true)
    }
    #expect(
      added.request
        == "pin/add?arg=\(hello)&fast-provide-root=false&fast-provide-dag=true&fast-provide-wait=true")
    let updated = try await ask(pins) { try await $0.pin.update(hello, to: hello, unpin: false) }
    #expect(updated.request == "pin/update?arg=\(hello)&arg=\(hello)&unpin=false")
    #expect(try await ask("") { try await $0.pin.ls(name: "n").collect() }.request == "pin/ls?name=n&stream=true")
  }

  // MARK: errors

  @Test func anErrorInPlaceOfAValueIsAnError() async throws {
    let failure = #"{"Message":"no space","Code":0,"Type":"error"}"#
    let commands: [(Client) async throws -> Void] = [
      { _ = try await $0.add(.text("t")).collect() }, { _ = try await $0.ls(hello).collect() },
      { _ = try await $0.pin.ls().collect() }, { _ = try await $0.dht.findpeer("p").collect() },
      { _ = try await $0.bitswap.wantlist() },
    ]
    for command in commands {
      let error = await #expect(throws: ClientError.self) { try await ask(failure, command) }
      #expect(error?.code == .partialErrorResponse && error?.message == "no space" && error?.daemonCode == 0)
      #expect(error?.partial == Array(failure.utf8))
    }
    // Content may look as it likes.
    #expect(try await ask(failure) { try await $0.getJSON(hello, as: [String: JSON].self) }.value.count == 3)
    #expect(try await ask(failure) { try await $0.dag.getJSON(hello, as: [String: JSON].self) }.value.count == 3)
  }

  // MARK: dag, object

  @Test func importsWhoseRootsAreNotPinned() async throws {
    let imported = try await ask(#"{"Root":{"Cid":{"/":"\#(hello)"},"PinErrorMsg":"no"}}"#) {
      try await $0.dag.import(.text("car"), localOnly: true, silent: true, allowBigBlock: true).collect()
    }
    #expect(imported.request == "dag/import?local-only=true&silent=true&allow-big-block=true car")
    let cid = try CID(hello)
    #expect(imported.value == [.root(cid, pinError: "no")])
  }

  @Test func blocksAreCountedWithProgress() async throws {
    let reply = """
      {"TotalSize":10,"DagStats":[{"Cid":"\(hello)","Size":10,"NumBlocks":1}]}
      {"UniqueBlocks":2,"TotalSize":20,"SharedSize":5,"Ratio":1.25,"DagStats":[{"Cid":"\(hello)"}]}
      """
    let counted = try await ask(reply) { try await $0.dag.statWithProgress(hello).collect() }
    #expect(counted.request == "dag/stat?arg=\(hello)&progress=true")
    #expect(counted.value.map(\.uniqueBlocks) == [0, 2])
    #expect(counted.value.last?.ratio == 1.25 && counted.value.last?.sharedSize == 5)
  }

  @Test func nodesInOlderForms() async throws {
    let stored = try await ask(#"{"Cid":{"/":"\#(hello)"}}"#) {
      try await $0.dag.put(.text("{}"), allowBigBlock: true, format: "cbor", inputEnc: "json")
    }
    #expect(stored.request == "dag/put?allow-big-block=true&format=cbor&input-enc=json {}")
    #expect(stored.value.description == hello)
  }

  @Test(arguments: ["", "a", "aG", "aGk", "aGkh"]) func bytesInJSON(_ text: String) throws {
    let json = Data(#"{"/":{"bytes":"\#(text)"}}"#.utf8)
    guard text.count != 1 else {
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(JSONBytes.self, from: json) }
      return
    }
    let bytes = try JSONDecoder().decode(JSONBytes.self, from: json)
    #expect(bytes.bytes == Array("hi!".utf8.prefix(text.count * 3 / 4)))
    let written = try JSONDecoder().decode(JSONBytes.self, from: JSONEncoder().encode(bytes))
    #expect(written == bytes)
  }

  /// What daemons answered that still had them.
  @Test func objectsOfOlderDaemons() async throws {
    let link = #"{"Name":"a","Hash":"\#(hello)","Size":20}"#
    let node = try await ask(#"{"Data":"x","Links":[\#(link)]}"#) {
      try await $0.object.get(hello, dataEncoding: "base64")
    }
    #expect(node.request == "object/get?arg=\(hello)&data-encoding=base64")
    #expect(node.value.data == "x" && node.value.links.map(\.size) == [20])
    let links = try await ask(#"{"Hash":"\#(hello)","Links":[\#(link)]}"#) { try await $0.object.links(hello) }
    #expect(links.value.links.map(\.name) == ["a"])
    let put = try await ask(#"{"Hash":"\#(hello)"}"#) {
      try await $0.object.put(.text("{}"), inputEnc: "json", dataFieldEnc: "text", pin: true)
    }
    #expect(put.request == "object/put?inputenc=json&datafieldenc=text&pin=true {}")
    #expect(put.value.links.isEmpty)
    let sizes = #""NumLinks":1,"BlockSize":2,"LinksSize":3,"DataSize":4,"CumulativeSize":5"#
    let stat = try await ask(#"{"Hash":"\#(hello)",\#(sizes)}"#) { try await $0.object.stat(hello) }
    #expect(stat.value.numLinks == 1 && stat.value.cumulativeSize == 5)
    #expect(try await ask("xyz") { try await $0.object.data(hello).text() }.value == "xyz")
    let appended = try await ask(#"{"Hash":"\#(hello)"}"#) {
      try await $0.object.patch.appendData(hello, .text("more"))
    }
    #expect(appended.request == "object/patch/append-data?arg=\(hello) more")
    #expect(appended.value.description == hello)
  }

  @Test func linksThatDiffer() async throws {
    let link = #"{"/":"\#(hello)"}"#
    let reply = """
      {"Changes":[{"Type":1,"Path":"a","Before":\(link),"After":null},
      {"Type":2,"Path":"b","Before":\(link),"After":\(link)}]}
      """
    let changes = try await ask(reply) { try await $0.object.diff(hello, hello) }.value
    #expect(changes.map(\.kind) == [.removed, .modified])
    #expect(changes.map { $0.before != nil } == [true, true] && changes.map { $0.after != nil } == [false, true])
    #expect(try await ask(#"{"Changes":null}"#) { try await $0.object.diff(hello, hello) }.value.isEmpty)
    let patched = try await ask(#"{"Hash":"\#(hello)"}"#) {
      try await $0.object.patch.addLink(
        hello, name: "a/b", ref: hello, create: true, allowNonUnixFS: true, allowBigBlock: true)
    }
    #expect(
      patched.request
        == "object/patch/add-link?arg=\(hello)&arg=a/b&arg=\(hello)&create=true&allow-non-unixfs=true&allow-big-block=true"
    )
  }

  // MARK: key, name

  @Test func signatures() async throws {
    let key = #""Key":{"Name":"k","Id":"k51"}"#
    let signed = try await ask(#"{\#(key),"Signature":"uAA"}"#) {
      try await $0.key.sign(.text("data"), key: "k", ipnsBase: "b58mh")
    }
    #expect(signed.request == "key/sign?key=k&ipns-base=b58mh data")
    #expect(signed.value.signature == "uAA" && signed.value.key.id == "k51")
    let verified = try await ask(#"{\#(key),"SignatureValid":true}"#) {
      try await $0.key.verify(.text("data"), signature: "uAA", key: "k")
    }
    #expect(verified.request == "key/verify?key=k&signature=uAA data")
    #expect(verified.value.isValid)
  }

  @Test func keysFromAndToElsewhere() async throws {
    let imported = try await ask(#"{"Name":"k","Id":"k51"}"#) {
      try await $0.key.import("k", .text("pem"), format: "pem-pkcs8-cleartext", allowAnyKeyType: true)
    }
    #expect(imported.request == "key/import?arg=k&format=pem-pkcs8-cleartext&allow-any-key-type=true pem")
    #expect(imported.value.name == "k")
    let exported = try await ask("secret") { try await $0.key.export("k", format: "f").text() }
    #expect(exported.request == "key/export?arg=k&format=f")
    #expect(exported.value == "secret")
    // As Kubo answers, which has it on its command line alone.
    let error = await #expect(throws: ClientError.self) {
      try await ask("404 page not found\n", status: 404) { try await $0.key.export("k").collect() }
    }
    #expect(error?.reason == .unknownCommand)
  }

  @Test func defaultsOfNamesAreThoseOfPython() async throws {
    let published = try await ask(#"{"Name":"k51","Value":"/ipfs/x"}"#) { try await $0.name.publish("/ipfs/x") }
    #expect(published.request == "name/publish?arg=/ipfs/x&lifetime=24h")
    #expect(published.value.name == "k51" && published.value.value == "/ipfs/x")
    let resolved = try await ask(#"{"Path":"/ipfs/x"}"#) { try await $0.name.resolve("k51") }
    #expect(resolved.request == "name/resolve?arg=k51&recursive=false")
  }

  @Test func optionsOfNames() async throws {
    let published = try await ask(#"{"Name":"k51","Value":"/ipfs/x"}"#) {
      try await $0.name.publish(
        "/ipfs/x", resolve: false, lifetime: "1h", ttl: "1m", key: "k", allowDelegated: true, quieter: true,
        v1compat: false, sequence: .max, ipnsBase: "k")
    }
    #expect(
      published.request
        == "name/publish?arg=/ipfs/x&resolve=false&lifetime=1h&ttl=1m&key=k&allow-delegated=true&quieter=true"
        + "&v1compat=false&sequence=\(UInt64.max)&ipns-base=k")
    let resolved = try await ask(#"{"Path":"/ipfs/x"}{"Path":"/ipfs/y"}"#) {
      try await $0.name.resolveStream(recursive: true, nocache: true, dhtRecordCount: 4, dhtTimeout: "5s").collect()
    }
    #expect(
      resolved.request == "name/resolve?recursive=true&nocache=true&dht-record-count=4&dht-timeout=5s&stream=true")
    #expect(resolved.value == ["/ipfs/x", "/ipfs/y"])
  }

  @Test func records() async throws {
    let entry = """
      {"Value":"/ipfs/x","ValidityType":0,"Validity":"2026-01-02T03:04:05.6Z","Sequence":18446744073709551615,
      "TTL":300000000000}
      """
    let validation = #"{"Valid":false,"Reason":"no","Name":"k51"}"#
    let inspected = try await ask(
      #"{"Entry":\#(entry),"PbSize":9,"SignatureType":"V2","HexDump":"00","Validation":\#(validation)}"#
    ) { try await $0.name.inspect(.text("record"), verify: "k51", dump: true) }
    #expect(inspected.request == "name/inspect?verify=k51&dump=true record")
    #expect(inspected.value.entry.sequence == .max && inspected.value.entry.ttl == 300_000_000_000)
    #expect(inspected.value.validation?.reason == "no")
    let nulls = #"{"Value":"","ValidityType":null,"Validity":null,"Sequence":null,"TTL":null}"#
    let empty = try await ask(
      #"{"Entry":\#(nulls),"PbSize":0,"SignatureType":"Unknown","HexDump":"","Validation":null}"#
    ) { try await $0.name.inspect(.text("record")) }.value
    #expect(empty.entry.validity == nil && empty.validation == nil)

    let put = try await ask(#"{"Name":"k51","Value":"/ipfs/x"}"#) {
      try await $0.name.put("k51", .text("record"), force: true, allowOffline: true, quiet: true)
    }
    #expect(put.request == "name/put?arg=k51&force=true&allow-offline=true&quiet=true record")
    let got = try await ask("record") { try await $0.name.get("k51").text() }
    #expect(got.request == "name/get?arg=k51" && got.value == "record")
  }

  @Test func newsOfNames() async throws {
    #expect(try await ask(#"{"Enabled":true}"#) { try await $0.name.pubsub.state() }.value)
    let cancelled = try await ask(#"{"Canceled":false}"#) { try await $0.name.pubsub.cancel("k51") }
    #expect(!cancelled.value && cancelled.request == "name/pubsub/cancel?arg=k51")
    #expect(try await ask(#"{"Strings":null}"#) { try await $0.name.pubsub.subs() }.value.isEmpty)
    let names = try await ask(#"{"Strings":["/ipns/k51"]}"#) { try await $0.name.pubsub.subs(ipnsBase: "k") }
    #expect(names.value == ["/ipns/k51"] && names.request == "name/pubsub/subs?ipns-base=k")
  }

  // MARK: repo, refs

  @Test func errorsOfACollection() async throws {
    let reply = #"{"Key":{"/":"\#(hello)"}}"# + "\n" + #"{"Key":null,"Error":"stuck"}"#
    let server = try await RPCTestServer { _ in
      [
        .head(200, [("Content-Type", "application/json"), ("Trailer", "X-Stream-Error")]), .chunk(Array(reply.utf8)),
        .end(trailers: [("X-Stream-Error", "encountered errors during gc run")]),
      ]
    }
    let client = try Client(ClientConfiguration(address: server.multiaddr))
    var collected: [Client.Repo.Collected] = []
    let error = await #expect(throws: ClientError.self) {
      for try await block in client.repo.gc(silent: false, streamErrors: true) { collected.append(block) }
    }
    #expect(error?.code == .partialErrorResponse)
    #expect(collected.map(\.cid?.description) == [hello, nil])
    #expect(collected.map(\.error) == [nil, "stuck"])
    await client.close()
    await server.stop()
  }

  @Test func blocksOfTheStore() async throws {
    let reply = #"{"Ref":"\#(hello)","Err":""}"#
    let listed = try await ask(reply) { try await $0.repo.ls().collect() }
    #expect(listed.request == "repo/ls" && listed.value.map(\.description) == [hello])
    let verified = try await ask(#"{"Msg":"block x was corrupt","Progress":0}"#) {
      try await $0.repo.verify(drop: true, heal: true, healTimeout: "1s").collect()
    }
    #expect(verified.request == "repo/verify?drop=true&heal=true&heal-timeout=1s")
    #expect(verified.value.map(\.message) == ["block x was corrupt"])
    #expect(
      try await ask(#"{"Version":"18"}"#) { try await $0.repo.version(quiet: true) }.request
        == "repo/version?quiet=true")
    let stat =
      #"{"RepoSize":1,"StorageMax":18446744073709551615,"NumObjects":2,"RepoPath":"/r","Version":"fs-repo@18"}"#
    #expect(try await ask(stat) { try await $0.repo.stat(human: true) }.value.storageMax == .max)
  }

  @Test func linksThatCannotBeFound() async throws {
    let reply = #"{"Ref":"\#(hello) -> \#(hello)","Err":""}{"Ref":"","Err":"gone"}"#
    let found = try await ask(reply) {
      try await $0.unstable.refs(hello, hello, edges: true, recursive: true, maxDepth: 2).collect()
    }
    #expect(found.request == "refs?arg=\(hello)&arg=\(hello)&edges=true&recursive=true&max-depth=2")
    #expect(found.value.map(\.error) == [nil, "gone"] && found.value.allSatisfy { $0.cid == nil })
  }
}
