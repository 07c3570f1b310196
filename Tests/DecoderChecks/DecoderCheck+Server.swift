import Foundation
import IPFSNode
import IPFSNodeServer
import IPLD
import Multiformats
import NIOCore
import Synchronization

extension DecoderCheck {
  private static let cidText = "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"
  private static let peer = "12D3KooWPrgZtauEzVygLRW54YoABSAKikBRqUQ5Ys9fy8NG5ZdN"

  /// What callers of the RPC say: heads, queries, bodies, and the texts in them.
  static func server() throws -> [DecoderCheck] {
    let server = try CheckedServer()
    return texts + bodies + requests(server) + [addition(server)]
  }

  private static let texts = [
    DecoderCheck("query", texts: ["arg=a%2Fb+c&arg=%C3%A9&long=true&x", "=&a==b&%=%2&+%2B", "arg=%FF%zz&&b="]) { text in
      let pairs = RPCRequest.pairs(ofQuery: text)
      let again = RPCRequest.pairs(ofQuery: query(pairs))
      try hold(pairs.elementsEqual(again) { $0.name.isSame($1.name) && $0.value.isSame($1.value) }, "other pairs")
      try hold(pairs.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count } <= text.utf8.count, "more than came")
      return !pairs.isEmpty
    },
    DecoderCheck("duration", texts: ["1h2m3.5s", "300ms", "12", "1.5us2ns", "7µs", "1e3", ".5m"]) { text in
      guard let seconds = Duration.goSeconds(text) else { return false }
      try hold(seconds.isFinite && seconds >= 0, "\(seconds) seconds")
      try hold(Duration.goSeconds("\(seconds)") == seconds, "another duration")
      return true
    },
    DecoderCheck(
      "path of content",
      texts: ["/ipfs/\(cidText)/a//b/", "\(cidText)/a", "/ipns/example.com/x", "/ipld/\(cidText)/0/y", cidText]
    ) { text in
      guard let path = try? ContentPath(text) else { return false }
      let (namespace, root) =
        switch path.root {
        case .cid(let cid): (path.namespace, cid.description)
        case .name(let name): ("ipns", name)
        }
      let again = try ContentPath(([String](["", namespace, root]) + path.names).joined(separator: "/"))
      try hold(again.names == path.names && again.namespace == path.namespace, "other names")
      switch (again.root, path.root) {
      case (.cid(let new), .cid(let old)): try hold(new == old, "another CID")
      case (.name(let new), .name(let old)): try hold(new.isSame(old), "another name")
      default: throw Violation(message: "another kind of path")
      }
      return true
    },
    DecoderCheck("path of the tree", texts: ["/a/./b/../c/", "/", "//x", "/../é"]) { text in
      guard let path = try? TreePath(text) else { return false }
      let again = try TreePath(path.description)
      try hold(again == path, "another path")
      try hold(path.description.utf8.count <= text.utf8.count + 1, "a longer path")
      return true
    },
    DecoderCheck(
      "address of a peer",
      texts: ["/ip4/1.2.3.4/tcp/4001/p2p/\(peer)", "/dnsaddr/a.example/p2p/\(peer)", "/p2p/\(peer)", "/unix/a/b"]
    ) { text in
      guard let address = try? PeerAddress(text) else { return false }
      let again = try PeerAddress(address.transport + (address.peer.map { "/p2p/\($0)" } ?? ""))
      try hold(again.peer == address.peer && again.transport.isSame(address.transport), "another address")
      try hold(again.hasTransport == address.hasTransport, "a way there or none")
      return true
    },
    DecoderCheck(
      "address to listen at",
      texts: [
        "/ip4/127.0.0.1/tcp/5001", "/ip6/::1/tcp/0/http", "/dns/localhost/tcp/65535", "/unix/run/x", "/dns4/a.b/tcp/1",
      ]
    ) { text in
      typealias Address = RPCServer.Configuration.Address
      guard let address = Address(text) else { return false }
      try hold(Address(address.multiaddr) == address, "another address: \(address.multiaddr)")
      return true
    },
    DecoderCheck(
      "rules of access",
      texts: [
        #"{"Authorizations":{"a":{"AuthSecret":"bearer:x","AllowedPaths":["/api/v0"]},"b":{"AuthSecret":"basic:u:p"}}}"#,
        #"{"HTTPHeaders":{"Access-Control-Allow-Origin":["*","http://a.example"]}}"#,
      ]
    ) { text in
      guard let section = try? ConfigurationValue(json: Array(text.utf8)), case .object(let members) = section else {
        return false
      }
      let rules = AccessRules(section)
      let isOpen =
        switch members["Authorizations"] {
        case nil, .null: true
        case .object(let secrets): secrets.isEmpty
        default: false
        }
      try hold(rules.authorizations.isEmpty == isOpen, "secrets that nobody needs")
      return true
    },
    DecoderCheck(
      "object in JSON",
      texts: [
        #"{"Data":"aGk=","Links":[{"Name":"a","Hash":"\#(cidText)","Size":3},{"Hash":"\#(cidText)"}]}"#,
        #"{"Links":[]}"#,
      ]
    ) { text in
      guard let object = try? ObjectText(Array(text.utf8)) else { return false }
      for encoding in [nil, "base64"] {
        guard let node = try? object.node(dataEncoding: encoding) else { continue }
        // Links are sorted when they are written.
        let again = try DAGPBNode(decoding: node.encoded())
        try hold(again.data ?? [] == node.data ?? [] && again.links.count == node.links.count, "another node")
      }
      return true
    },
    DecoderCheck("key of a configuration", texts: ["Addresses.API\n[1,\"a\"]", "a\nnull", "a..b\n{\"c\":{}}"]) { text in
      let parts = text.utf8.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
      let key = String(decoding: parts[0], as: UTF8.self)
      guard parts.count == 2, let value = try? ConfigurationValue(json: parts[1]) else { return false }
      var configuration = ConfigurationValue.object([:])
      try configuration.set(key, to: value)
      try hold(try configuration.value(at: key) == value, "another value")
      return true
    },
  ]

  /// What is called with a query or with headers.
  private static func requests(_ server: CheckedServer) -> [DecoderCheck] {
    [
      DecoderCheck(
        "options of a call",
        texts: [
          "flag&n=0x1F&size=017&ratio=1e-3&text=a%20b&list=1&list=2", "f=False&number=-0b11&arg=x&arg=y&enc=json",
        ]
      ) { text in
        let reply = try await server.call("options", RPCRequest.pairs(ofQuery: text))
        guard reply.status == 200 else { return false }
        let given = RPCRequest.pairs(ofQuery: String(decoding: reply.bytes, as: UTF8.self))
        let again = try await server.call("options", given)
        try hold(again.status == 200 && again.bytes == reply.bytes, "other options")
        return true
      },
      DecoderCheck(
        "headers",
        texts: [
          "Host: 127.0.0.1:5001\nUser-Agent: curl/8", "host: [::1]:5001\norigin: https://friend.example",
          "HOST: box:5001\nOrigin: http://box:5001\nReferer: http://box:5001/webui?x",
          "Referer: https://friend.example/a/b\nHost: localhost",
        ]
      ) { text in try await server.checkAccess(headers(text)) },
      DecoderCheck("secret", texts: ["bearer:token", "basic:user:pass:word", "basic:dXNlcjpwYXNz"]) { text in
        try await server.checkSecret(text)
      },
      DecoderCheck(
        "format of CIDs",
        texts: [
          "f=%25P%20%25s&b=base58btc&arg=\(cidText)",
          "f=%25B%25M&v=0&arg=QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
          "mc=dag-pb&b=z&arg=\(cidText)&arg=\(cidText)&f=%25%25%25h-%25L%25d",
        ], rounds: 10_000
      ) { text in
        let given = RPCRequest.pairs(ofQuery: text)
        let reply = try await server.call("cid/format", given)
        let objects = try reply.objects()
        guard reply.status == 200, reply.trailers.isEmpty else { return false }
        let arguments = given.filter { $0.name == "arg" }.map(\.value)
        let written = objects.map { $0["CidStr"] as? String ?? "" }
        try hold(written.elementsEqual(arguments) { $0.isSame($1) }, "other CIDs")
        return objects.contains { $0["ErrorMsg"] as? String == "" }
      },
      DecoderCheck(
        "CID to inspect", texts: [cidText, "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH", "f01550001ff"],
        rounds: 10_000
      ) { text in
        let objects = try await server.call("cid/inspect", [(name: "arg", value: text)]).objects()
        guard let object = objects.first, object["errorMsg"] == nil else { return false }
        let (cid, own) = (try CID(text), try CID(object["cidV1"] as? String ?? ""))
        try hold(own.multihash == cid.multihash && own.codec == cid.codec, "another CID")
        return true
      },
      DecoderCheck("mode", texts: ["0644", "+17", "-1", "17777777777"], rounds: 10_000) { text in
        let arguments = [text, "/none"].map { (name: "arg", value: $0) }
        let reply = try await server.call("files/chmod", arguments)
        try hold(reply.status == 500, "a mode of nothing")
        guard try reply.objects().contains(where: { ($0["Message"] as? String)?.hasPrefix("strconv") == false }) else {
          return false
        }
        try hold(Int64(text, radix: 8) != nil, "a mode that is none")
        return true
      },
      DecoderCheck(
        "range of addresses", texts: ["/ip4/192.168.0.0/ipcidr/16", "/ip6/fc00::/ipcidr/7"], rounds: 10_000
      ) { text in
        // There is no such range; but there is no configuration either.
        let objects = try await server.call("swarm/filters/rm", [(name: "arg", value: text)]).objects()
        let isRefused = objects.contains { ($0["Message"] as? String)?.hasPrefix("invalid ") != false }
        guard !isRefused, !["all", "*"].contains(text) else { return false }
        // As Go reads it, the length may have zeros before it.
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        try hold(parts.last?.utf8.allSatisfy { 0x30...0x39 ~= $0 } == true, "a length with a sign")
        let length = parts.last.flatMap { UInt8($0) } ?? 255
        try hold((try? Multiaddr(parts.dropLast().joined(separator: "/") + "/\(length)")) != nil, "no address")
        return true
      },
    ]
  }

  private static func addition(_ server: CheckedServer) -> DecoderCheck {
    DecoderCheck(
      "options of add",
      texts: [
        "cid-version=1&raw-leaves=false&chunker=size-4&max-file-links=2",
        "hash=blake3&inline&inline-limit=9&w&progress",
        "trickle&s=rabin-min:16-avg:32-max:64&preserve-mode&preserve-mtime", "mode=0755&mtime=-5&mtime-nsecs=9&quieter",
        "max-directory-links=1&max-hamt-fanout=8&empty-dirs=false", "hash=identity&silent=false&chunker=buzhash",
      ], rounds: 10_000
    ) { text in
      let reply = try await server.call(
        "add",
        RPCRequest.pairs(ofQuery: text).filter { $0.name != "timeout" } + [(name: "only-hash", value: "true")],
        [formType], form)
      let objects = try reply.objects()
      guard reply.status == 200, reply.trailers.isEmpty else { return false }
      for case let name as String in objects.compactMap({ $0["Hash"] }) {
        // It may be written in any base.
        try hold((try? CID(name)) != nil, "no CID: \(name)")
      }
      return true
    }
  }

  private static let formType = (name: "Content-Type", value: "multipart/form-data; boundary=b")
  private static let form = """
    --b\r
    Content-Disposition: form-data; name="file?mode=0600&mtime=12"; filename="d"\r
    Content-Type: application/x-directory\r
    \r
    \r
    --b\r
    Content-Disposition: form-data; name="file?mode=0644"; filename="d%2Ffile"\r
    Content-Type: application/octet-stream\r
    \r
    some bytes of a file\r
    --b\r
    Content-Disposition: form-data; name="file"; filename="d%2Flink"\r
    Content-Type: application/symlink\r
    \r
    file\r
    --b--\r

    """

  private static func headers(_ text: String) -> [RPCRequest.Pair] {
    text.utf8.split(separator: 0x0A).map { line in
      let halves = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
      let value = halves.count > 1 ? halves[1].drop { $0 == 0x20 } : []
      return (name: String(decoding: halves[0], as: UTF8.self), value: String(decoding: value, as: UTF8.self))
    }
  }

  /// A query that says the same, with everything escaped.
  static func query(_ pairs: [RPCRequest.Pair]) -> String {
    pairs.map { "\(escaped($0.name.utf8))=\(escaped($0.value.utf8))" }.joined(separator: "&")
  }

  static func escaped(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [UInt8(ascii: "%"), digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

extension String {
  /// Whether it has the same bytes: texts are equal if they look the same.
  func isSame(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
