import IPFSClient
import Multiformats
import Testing

/// A call with all options that no recorded exchange has, and the requests that it makes.
struct OptionCase: Sendable, CustomTestStringConvertible {
  /// `command?name=value&…` of each request. The daemon knows none of the commands, so there may be a second one.
  let requests: [String]
  let run: @Sendable (Client) async throws -> Void

  init<Value>(_ requests: String..., call: @escaping @Sendable (Client) async throws -> Value) {
    self.requests = requests
    run = { client in _ = try await call(client) }
  }

  var testDescription: String { requests.first ?? "" }
}

/// Options are sent by the names that Kubo has for them.
struct OptionTests {
  static let cases: [OptionCase] = topLevel + blocks + files + names + peers + daemon

  private static let topLevel: [OptionCase] = [
    OptionCase(
      """
      add?trickle=true&empty-dirs=false&only-hash=true&wrap-with-directory=true&chunker=buzhash&pin=false&pin-name=n&\
      raw-leaves=false&nocopy=true&fscache=true&cid-version=1&hash=blake3&inline=true&inline-limit=16&\
      max-file-links=174&max-directory-links=10&max-hamt-fanout=8&to-files=/f&preserve-mode=true&preserve-mtime=true&\
      mode=0644&mtime=-1&mtime-nsecs=5&fast-provide-root=false&fast-provide-dag=true&fast-provide-wait=false&\
      quiet=true&quieter=true&silent=true
      """
    ) {
      try await $0.add(
        .text("x"),
        options: AddOptions(
          trickle: true, emptyDirs: false, onlyHash: true, wrapWithDirectory: true, chunker: "buzhash", pin: false,
          pinName: "n", rawLeaves: false, nocopy: true, fscache: true, cidVersion: 1, hash: "blake3", inline: true,
          inlineLimit: 16, maxFileLinks: 174, maxDirectoryLinks: 10, maxHAMTFanout: 8, toFiles: "/f",
          preserveMode: true, preserveMtime: true, mode: 0o644, mtime: -1, mtimeNsecs: 5, fastProvideRoot: false,
          fastProvideDAG: true, fastProvideWait: false, quiet: true, quieter: true, silent: true)
      ).collect()
    },
    OptionCase("get?arg=x&archive=true&compress=true&compression-level=9&output=o&progress=true") {
      try await $0.get("x", archive: true, compress: true, compressionLevel: 9, output: "o", progress: true).collect()
    },
    OptionCase("ls?arg=x&arg=y&headers=true&resolve-type=false&size=false&stream=true&long=true") {
      try await $0.ls("x", "y", headers: true, resolveType: false, size: false, stream: true, long: true).collect()
    },
    OptionCase("dns?arg=a.b&recursive=true", "resolve?arg=/ipns/a.b&recursive=true") {
      try await $0.dns("a.b", recursive: true)
    },
    OptionCase("resolve?arg=/ipns/a&recursive=true&dht-record-count=2&dht-timeout=3s") {
      try await $0.resolve("/ipns/a", recursive: true, dhtRecordCount: 2, dhtTimeout: "3s")
    },
    OptionCase("id?arg=p&format=f&peerid-base=base36") {
      try await $0.id("p", format: "f", peerIDBase: "base36")
    },
    OptionCase("ping?arg=p&arg=q&count=3") { try await $0.ping("p", "q", count: 3).collect() },
    OptionCase("shutdown") { try await $0.stop() },
  ]

  private static let blocks: [OptionCase] = [
    OptionCase("block/put?cid-codec=raw&mhtype=sha3&mhlen=20&pin=true&allow-big-block=true&format=v0") {
      try await $0.block.put(
        .text("x"), cidCodec: "raw", mhtype: "sha3", mhlen: 20, pin: true, allowBigBlock: true, format: "v0")
    },
    OptionCase("block/rm?arg=x&force=true&quiet=true") {
      try await $0.block.rm("x", force: true, quiet: true).collect()
    },
    OptionCase("dag/export?arg=x&local-only=true&progress=false") {
      try await $0.dag.export("x", localOnly: true, progress: false).collect()
    },
    OptionCase(
      """
      dag/import?pin-roots=false&local-only=true&silent=true&stats=true&allow-big-block=true&\
      fast-provide-root=true&fast-provide-dag=false&fast-provide-wait=true
      """
    ) {
      try await $0.dag.import(
        .text("x"), pinRoots: false, localOnly: true, silent: true, stats: true, allowBigBlock: true,
        fastProvideRoot: true, fastProvideDAG: false, fastProvideWait: true
      ).collect()
    },
    OptionCase(
      """
      dag/put?store-codec=dag-pb&input-codec=dag-cbor&pin=true&hash=sha3&allow-big-block=true&format=cbor&\
      input-enc=json
      """
    ) {
      try await $0.dag.put(
        .text("x"), storeCodec: "dag-pb", inputCodec: "dag-cbor", pin: true, hash: "sha3", allowBigBlock: true,
        format: "cbor", inputEnc: "json")
    },
    OptionCase("object/diff?arg=x&arg=y&verbose=true") { try await $0.object.diff("x", "y", verbose: true) },
    OptionCase("object/get?arg=x&data-encoding=base64") { try await $0.object.get("x", dataEncoding: "base64") },
    OptionCase("object/put?inputenc=protobuf&datafieldenc=base64&pin=true") {
      try await $0.object.put(.text("x"), inputEnc: "protobuf", dataFieldEnc: "base64", pin: true)
    },
    OptionCase(
      "object/patch/add-link?arg=x&arg=n&arg=y&create=true&allow-non-unixfs=true&allow-big-block=true"
    ) {
      try await $0.object.patch.addLink(
        "x", name: "n", ref: "y", create: true, allowNonUnixFS: true, allowBigBlock: true)
    },
    OptionCase("object/patch/rm-link?arg=x&arg=n&allow-non-unixfs=true&allow-big-block=true") {
      try await $0.object.patch.rmLink("x", link: "n", allowNonUnixFS: true, allowBigBlock: true)
    },
    OptionCase(
      """
      pin/add?arg=x&recursive=false&name=n&fast-provide-root=false&fast-provide-dag=true&fast-provide-wait=true&\
      progress=true
      """
    ) {
      try await $0.pin.addWithProgress(
        "x", recursive: false, name: "n", fastProvideRoot: false, fastProvideDAG: true, fastProvideWait: true
      ).collect()
    },
    OptionCase("pin/ls?arg=x&type=direct&name=n&names=true&quiet=true&stream=true") {
      try await $0.pin.ls("x", type: .direct, name: "n", names: true, quiet: true).collect()
    },
    OptionCase(
      "pin/update?arg=x&arg=y&unpin=false&fast-provide-root=false&fast-provide-dag=true&fast-provide-wait=true"
    ) {
      try await $0.pin.update(
        "x", to: "y", unpin: false, fastProvideRoot: false, fastProvideDAG: true, fastProvideWait: true)
    },
    OptionCase("pin/verify?arg=x&verbose=true&quiet=true") {
      try await $0.pin.verify("x", verbose: true, quiet: true).collect()
    },
    OptionCase("pin/remote/add?arg=x&service=s&name=n&background=true") {
      try await $0.pin.remote.add("x", service: "s", name: "n", background: true)
    },
    OptionCase("pin/remote/ls?service=s&name=n&cid=\(Recorded.hello)&status=queued&status=failed") {
      try await $0.pin.remote.ls(service: "s", name: "n", cids: [CID(Recorded.hello)], status: [.queued, .failed])
        .collect()
    },
    OptionCase("pin/remote/rm?service=s&name=n&cid=\(Recorded.hello)&status=pinned&force=true") {
      try await $0.pin.remote.rm(
        service: "s", name: "n", cids: [CID(Recorded.hello)], status: [.pinned], force: true)
    },
    OptionCase("pin/remote/service/ls?stat=true") { try await $0.pin.remote.service.ls(stat: true) },
    OptionCase("refs?arg=x&format=f&edges=true&unique=true&recursive=true&max-depth=2") {
      try await $0.unstable.refs("x", format: "f", edges: true, unique: true, recursive: true, maxDepth: 2).collect()
    },
    OptionCase("repo/gc?quiet=true&silent=true&stream-errors=true") {
      try await $0.repo.gc(quiet: true, silent: true, streamErrors: true).collect()
    },
    OptionCase("repo/stat?size-only=true&human=true") { try await $0.repo.stat(sizeOnly: true, human: true) },
    OptionCase("repo/verify?drop=true&heal=true&heal-timeout=1m") {
      try await $0.repo.verify(drop: true, heal: true, healTimeout: "1m").collect()
    },
    OptionCase("repo/version?quiet=true") { try await $0.repo.version(quiet: true) },
    OptionCase("filestore/ls?arg=x&file-order=true") {
      try await $0.filestore.ls("x", fileOrder: true).collect()
    },
    OptionCase("filestore/verify?arg=x&file-order=true&remove-bad-blocks=true") {
      try await $0.filestore.verify("x", fileOrder: true, removeBadBlocks: true).collect()
    },
  ]

  private static let files: [OptionCase] = [
    OptionCase("files/chcid?arg=/d&cid-version=1&hash=sha3&flush=false") {
      try await $0.files.chcid("/d", cidVersion: 1, hash: "sha3", flush: false)
    },
    OptionCase("files/chmod?arg=0600&arg=/d&flush=false") {
      try await $0.files.chmod("/d", mode: 0o600, flush: false)
    },
    OptionCase("files/chroot?arg=x&confirm=true") { try await $0.files.chroot("x", confirm: true) },
    OptionCase("files/cp?arg=/d&arg=/e&parents=true&force=true&flush=false") {
      try await $0.files.cp("/d", to: "/e", parents: true, force: true, flush: false)
    },
    OptionCase("files/mkdir?arg=/d&parents=true&cid-version=1&hash=sha3&mode=0700&mtime=1&mtime-nsecs=2&flush=false") {
      try await $0.files.mkdir(
        "/d", parents: true, cidVersion: 1, hash: "sha3", mode: 0o700, mtime: 1, mtimeNsecs: 2, flush: false)
    },
    OptionCase("files/mv?arg=/d&arg=/e&flush=false") { try await $0.files.mv("/d", to: "/e", flush: false) },
    OptionCase("files/stat?arg=/d&with-local=true&hash=true&size=true&format=f") {
      try await $0.files.stat("/d", withLocal: true, hash: true, size: true, format: "f")
    },
    OptionCase("files/touch?arg=/d&mtime=1&mtime-nsecs=2&flush=false") {
      try await $0.files.touch("/d", mtime: 1, mtimeNsecs: 2, flush: false)
    },
    OptionCase(
      """
      files/write?arg=/f&offset=1&create=true&parents=true&truncate=true&count=2&raw-leaves=false&cid-version=1&\
      hash=sha3&flush=false
      """
    ) {
      try await $0.files.write(
        "/f", .text("x"), offset: 1, create: true, parents: true, truncate: true, count: 2, rawLeaves: false,
        cidVersion: 1, hash: "sha3", flush: false)
    },
  ]

  private static let names: [OptionCase] = [
    OptionCase("key/export?arg=k&format=f") { try await $0.key.export("k", format: "f").collect() },
    OptionCase("key/gen?arg=k&type=rsa&size=2048&ipns-base=b58mh") {
      try await $0.key.gen("k", type: "rsa", size: 2048, ipnsBase: "b58mh")
    },
    OptionCase("key/import?arg=k&format=f&allow-any-key-type=true&ipns-base=b58mh") {
      try await $0.key.import("k", .text("x"), format: "f", allowAnyKeyType: true, ipnsBase: "b58mh")
    },
    OptionCase("key/rename?arg=k&arg=l&force=true&ipns-base=b58mh") {
      try await $0.key.rename("k", to: "l", force: true, ipnsBase: "b58mh")
    },
    OptionCase("key/rm?arg=k&l=true&ipns-base=b58mh") {
      try await $0.key.rm("k", long: true, ipnsBase: "b58mh")
    },
    OptionCase("key/sign?key=k&ipns-base=b58mh") {
      try await $0.key.sign(.text("x"), key: "k", ipnsBase: "b58mh")
    },
    OptionCase("key/verify?key=k&signature=s&ipns-base=b58mh") {
      try await $0.key.verify(.text("x"), signature: "s", key: "k", ipnsBase: "b58mh")
    },
    OptionCase("name/inspect?verify=k&dump=false") {
      try await $0.name.inspect(.text("x"), verify: "k", dump: false)
    },
    OptionCase(
      """
      name/publish?arg=x&resolve=false&lifetime=1h&ttl=1m&key=k&allow-offline=true&allow-delegated=true&quieter=true&\
      v1compat=false&sequence=3&ipns-base=b58mh
      """
    ) {
      try await $0.name.publish(
        "x", resolve: false, lifetime: "1h", ttl: "1m", key: "k", allowOffline: true, allowDelegated: true,
        quieter: true, v1compat: false, sequence: 3, ipnsBase: "b58mh")
    },
    OptionCase("name/pubsub/state") { try await $0.name.pubsub.state() },
    OptionCase("name/pubsub/subs?ipns-base=b58mh") { try await $0.name.pubsub.subs(ipnsBase: "b58mh") },
    OptionCase("name/put?arg=k&force=true&allow-offline=true&allow-delegated=true&quiet=true") {
      try await $0.name.put(
        "k", .text("x"), force: true, allowOffline: true, allowDelegated: true, quiet: true)
    },
    OptionCase("name/resolve?arg=k&recursive=true&nocache=true&dht-record-count=2&dht-timeout=3s&stream=true") {
      try await $0.name.resolveStream(
        "k", recursive: true, nocache: true, dhtRecordCount: 2, dhtTimeout: "3s"
      ).collect()
    },
  ]

  private static let peers: [OptionCase] = [
    OptionCase("bitswap/reprovide") { try await $0.bitswap.reprovide() },
    OptionCase("bitswap/stat?verbose=true&human=true") { try await $0.bitswap.stat(verbose: true, human: true) },
    OptionCase("bitswap/wantlist?peer=p") { try await $0.bitswap.wantlist("p") },
    OptionCase("bootstrap/list?expand-auto=true") { try await $0.bootstrap.list(expandAuto: true) },
    OptionCase("routing/findpeer?arg=p&verbose=true", "dht/findpeer?arg=p&verbose=true") {
      try await $0.dht.findpeer("p", verbose: true).collect()
    },
    OptionCase(
      "routing/findprovs?arg=x&num-providers=3&verbose=true", "dht/findprovs?arg=x&num-providers=3&verbose=true"
    ) {
      try await $0.dht.findprovs("x", numProviders: 3, verbose: true).collect()
    },
    OptionCase("routing/provide?arg=x&recursive=true&verbose=true", "dht/provide?arg=x&recursive=true&verbose=true") {
      try await $0.dht.provide("x", recursive: true, verbose: true).collect()
    },
    OptionCase("routing/put?arg=k&allow-offline=true", "dht/put?arg=k&allow-offline=true") {
      try await $0.dht.put("k", "x", allowOffline: true).collect()
    },
    OptionCase("dht/query?arg=p&verbose=true") { try await $0.dht.query("p", verbose: true).collect() },
    OptionCase("routing/findpeer?arg=p&verbose=true") {
      try await $0.routing.findpeer("p", verbose: true).collect()
    },
    OptionCase("routing/findprovs?arg=x&num-providers=3&verbose=true") {
      try await $0.routing.findprovs("x", numProviders: 3, verbose: true).collect()
    },
    OptionCase("routing/provide?arg=x&recursive=true&verbose=true") {
      try await $0.routing.provide("x", recursive: true, verbose: true).collect()
    },
    OptionCase("routing/put?arg=k&allow-offline=true") {
      try await $0.routing.put("k", .text("x"), allowOffline: true).collect()
    },
    OptionCase("routing/reprovide") { try await $0.routing.reprovide() },
    OptionCase("provide/clear?quiet=true") { try await $0.provide.clear(quiet: true) },
    OptionCase("provide/once?arg=x&recursive=true") { try await $0.provide.once("x", recursive: true).collect() },
    OptionCase("provide/stat?lan=true") { try await $0.provide.stat(lan: true) },
    OptionCase("pubsub/reset?peer=p") { try await $0.pubsub.reset(peer: "p") },
    OptionCase("pubsub/sub?arg=udA&discover=true") {
      try await $0.pubsub.subscribe("t", discover: true).collect()
    },
    OptionCase("stats/bitswap?verbose=true&human=true") { try await $0.stats.bitswap(verbose: true, human: true) },
    OptionCase("stats/bw?peer=p&proto=/x&poll=true&interval=2s") {
      try await $0.stats.bw(peer: "p", proto: "/x", poll: true, interval: "2s").collect()
    },
    OptionCase("stats/provide?lan=true") { try await $0.stats.provide(lan: true) },
    OptionCase("stats/repo?size-only=true&human=true") { try await $0.stats.repo(sizeOnly: true, human: true) },
    OptionCase("stats/reprovide?lan=true") { try await $0.stats.reprovide(lan: true) },
    OptionCase("swarm/addrs/local?id=true") { try await $0.swarm.addrsLocal(id: true) },
    OptionCase("swarm/peers?verbose=true&streams=true&latency=true&direction=true&identify=true") {
      try await $0.swarm.peers(verbose: true, streams: true, latency: true, direction: true, identify: true)
    },
    OptionCase("p2p/close?all=true&protocol=/x/a&listen-address=/l&target-address=/t") {
      try await $0.p2p.close(all: true, protocol: "/x/a", listenAddress: "/l", targetAddress: "/t")
    },
    OptionCase("p2p/forward?arg=/x/a&arg=/l&arg=/t&allow-custom-protocol=true&foreground=true") {
      try await $0.p2p.forward("/x/a", from: "/l", to: "/t", allowCustomProtocol: true, foreground: true).collect()
    },
    OptionCase("p2p/listen?arg=/x/a&arg=/t&allow-custom-protocol=true&report-peer-id=true&foreground=true") {
      try await $0.p2p.listen(
        "/x/a", to: "/t", allowCustomProtocol: true, reportPeerID: true, foreground: true
      ).collect()
    },
    OptionCase("p2p/ls?headers=true") { try await $0.p2p.ls(headers: true) },
    OptionCase("p2p/stream/close?arg=1&all=true") { try await $0.p2p.stream.close("1", all: true) },
    OptionCase("p2p/stream/ls?headers=true") { try await $0.p2p.stream.ls(headers: true) },
  ]

  private static let daemon: [OptionCase] = [
    OptionCase("cid/bases?prefix=true&numeric=true") { try await $0.cid.bases(prefix: true, numeric: true) },
    OptionCase("cid/codecs?supported=true&numeric=true") { try await $0.cid.codecs(supported: true, numeric: true) },
    OptionCase("cid/format?arg=x&f=%25s&v=1&mc=raw&b=z") {
      try await $0.cid.format("x", format: "%25s", version: 1, codec: "raw", base: "z").collect()
    },
    OptionCase("cid/hashes?supported=true&numeric=true") { try await $0.cid.hashes(supported: true, numeric: true) },
    OptionCase("commands?flags=true") { try await $0.commands(flags: true) },
    OptionCase("config?arg=K&expand-auto=true") { try await $0.config.get("K", expandAuto: true) },
    OptionCase("config/profile/apply?arg=p&dry-run=true") { try await $0.config.applyProfile("p", dryRun: true) },
    OptionCase("config/show?expand-auto=true") { try await $0.config.get(expandAuto: true) },
    OptionCase("diag/cmds?verbose=true") { try await $0.diag.cmds(verbose: true) },
    OptionCase("diag/healthy") { try await $0.diag.healthy() },
    OptionCase("diag/profile?collectors=cpu,heap&profile-time=1s&mutex-profile-fraction=2&block-profile-rate=3ms") {
      try await $0.diag.profile(
        collectors: ["cpu", "heap"], profileTime: "1s", mutexProfileFraction: 2, blockProfileRate: "3ms"
      ).collect()
    },
    OptionCase("log/tail?log-level=debug") { try await $0.unstable.log.tail(logLevel: "debug").collect() },
    OptionCase("mount?ipfs-path=/a&ipns-path=/b&mfs-path=/c") {
      try await $0.mount(ipfsPath: "/a", ipnsPath: "/b", mfsPath: "/c")
    },
    OptionCase("multibase/encode?b=z") { try await $0.multibase.encode(.text("x"), base: "z").collect() },
    OptionCase("multibase/list?prefix=true&numeric=true") {
      try await $0.multibase.list(prefix: true, numeric: true)
    },
    OptionCase("multibase/transcode?b=z") { try await $0.multibase.transcode(.text("x"), base: "z").collect() },
    OptionCase("version/check?min-percent=7") { try await $0.versionCheck(minPercent: 7) },
  ]

  @Test(arguments: cases) func sendsOptions(_ optionCase: OptionCase) async throws {
    let transport = ScriptedTransport(status: 404)
    await #expect(throws: ClientError.self) { try await optionCase.run(Client(transport: transport)) }
    // The order of options means nothing.
    func parts(_ request: String) -> [String] { request.split { "?&".contains($0) }.map(String.init).sorted() }
    #expect(transport.requests.map(parts) == optionCase.requests.map(parts))
  }

  /// What takes any number of things takes a list of them, too.
  @Test func takesLists() async throws {
    let transport = ScriptedTransport()
    let client = Client(transport: transport)
    let files: [Upload] = [.text("a", name: "a"), .text("b", name: "b")]
    let paths = try [CID(Recorded.hello), CID(Recorded.directory)]
    let arguments = "arg=\(Recorded.hello)&arg=\(Recorded.directory)"
    _ = try await client.add(files).collect()
    #expect(transport.parts.count == 2)
    _ = try await client.addWithProgress(files).collect()
    #expect(transport.parts.count == 2)
    _ = try await client.dag.import(files).collect()
    #expect(transport.parts.count == 2)
    _ = try await client.block.rm(paths).collect()
    try await client.files.rm(["/a", "/b"])
    _ = try? await client.pin.add(paths)
    _ = try? await client.pin.rm(paths)
    #expect(
      transport.requests == [
        "add", "add?progress=true", "dag/import", "block/rm?\(arguments)", "files/rm?arg=/a&arg=/b",
        "pin/add?\(arguments)", "pin/rm?\(arguments)",
      ])
  }

  /// Each call can be told what holds for this one alone.
  @Test func sendsOfflineAndExtraOptions() async throws {
    let transport = ScriptedTransport()
    let client = Client(transport: transport, offline: true)
    _ = try await client.cat("x").collect()
    _ = try await client.cat("x", offline: false, opts: ["length": 1]).collect()
    _ = try await client.cat("x", length: 2, opts: ["length": "1", "length": 3]).collect()
    _ = try await Client(transport: transport).cat("x").collect()
    #expect(
      transport.requests == [
        "cat?arg=x&offline=true", "cat?arg=x&offline=false&length=1", "cat?arg=x&offline=true&length=1&length=3",
        "cat?arg=x",
      ])
  }
}
