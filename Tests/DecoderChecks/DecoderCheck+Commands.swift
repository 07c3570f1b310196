import Foundation
import Fuse
import Glibc
import IPFSFileSystem
import IPFSMount
import Multiformats
import UnixFS

extension DecoderCheck {
  private static let cidText = "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"

  /// What users, programs and the system say: options, attributes, the control socket, `/proc`.
  static let commands = [
    DecoderCheck(
      "mount options",
      texts: [
        "api=embedded,repo=/tmp/r,ro,allow_other,log=/tmp/l,writeback=no,nosuid,noatime,x-a=b",
        "chunker=size-1048576,cid-version=1,raw-leaves=true,max-file-links=174",
        "ipfs=all,chunker=rabin-87381-262144-393216,trickle,hash=blake3,inline,inline-limit=64,api=auto",
      ]
    ) { text in
      guard let options = try? MountOptions(arguments: ["mfs", "/m", "-o", text], isCalledByMount: true) else {
        return false
      }
      try hold(options.mountPoint == "/m" && options.repo.hasPrefix("/"), "other options")
      return true
    },
    DecoderCheck(
      "command line of mount",
      texts: ["mfs\n/m\n-o\nro,api=embedded\n-f", "-oro\n/m\n-d", "-s\n-t\nswipfs\nnone\n/m", "/m"]
    ) { text in
      let arguments = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(Substring($0)) }
      guard let options = try? MountOptions(arguments: arguments, isCalledByMount: false) else { return false }
      try hold(arguments.contains(options.mountPoint), "a mount point that nobody named")
      return true
    },
    DecoderCheck(
      "options before a command",
      texts: [
        "--repo\n/r\n--offline\nadd\n--pin=false\nfile", "--api=/ip4/127.0.0.1/tcp/5001\nls\n--\n--size=true",
        "--timeout\n3s\n--cid-base=base32\nid", "cat\n--pin=true\n--api\nx", "--offline\n--",
      ]
    ) { text in
      let words = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(Substring($0)) }
      let options = LeadingOptions(words)
      // What is taken is taken from the beginning, and each word of the rest has its own in the result.
      let rest = words.suffix(options.arguments.count)
      for (word, argument) in zip(rest, options.arguments) where word != argument {
        let negated = argument.hasPrefix("--no-") ? "--\(argument.dropFirst(5))=false" : "\(argument)=true"
        try hold(word == negated, "\(word) was read as \(argument)")
      }
      let again = LeadingOptions(["command"] + options.arguments)
      try hold(again.arguments == ["command"] + options.arguments, "flags are read twice")
      return options.arguments != words
    },
    DecoderCheck(
      "chunker",
      texts: ["size-262144", "rabin", "rabin-262144", "rabin-87381-262144-393216", "buzhash", "size-1", "rabin-48"]
    ) { name in
      guard let chunker = try? ImportProfile.Chunker(name: name) else { return false }
      try hold(try ImportProfile.Chunker(name: chunker.name) == chunker, "\(chunker.name) is another chunker")
      let sizes = 1...ImportProfile.maximumChunkSize
      try hold(chunker.minimumChunkSize <= chunker.maximumChunkSize, "a least chunk larger than the largest")
      try hold(sizes ~= chunker.minimumChunkSize && sizes ~= chunker.maximumChunkSize, "chunks that no block can hold")
      return true
    },
    DecoderCheck(
      "import option",
      texts: [
        "chunker=size-1048576", "cid-version=0", "hash=sha2-512", "trickle=true", "inline=false", "inline-limit=128",
        "raw-leaves=true", "max-file-links=174",
      ]
    ) { text in
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      var options = ImportOptions()
      guard parts.count == 2, (try? options.set(parts[0], to: parts[1])) != nil else { return false }
      try hold(options != ImportOptions(), "an option that says nothing")
      for base in [ImportProfile.unixfsV1_2025, .kuboDefault] { try check(try? options.profile(over: base)) }
      return true
    },
    DecoderCheck(
      "attribute name",
      texts: [
        "user.ipfs.cid", "ipfs.path", "user.ipfs.pin", "ipfs.add", "user.ipfs.cat", "user.ipfs.cat.\(cidText)/a",
        "ipfs.link.name", "user.ipfs.local", "user.comment", "user.\u{301}",
      ]
    ) { text in
      let name = EntryName(text)
      guard let meaning = try? FileSystem.AttributeName(name) else { return false }
      let own = ["user.ipfs.", "ipfs."].first { name.bytes.starts(with: $0.utf8) }
      switch meaning {
      case .user(let user): try hold(user == name && own == nil, "another name")
      case .ipfs(let attribute):
        let rest = Array(name.bytes.dropFirst(own?.utf8.count ?? 0))
        let expected: [UInt8]? =
          switch attribute {
          case nil: nil
          case .contentAt(let path): Array("cat.".utf8) + path
          case .link(let entry): Array("link.".utf8) + entry.bytes
          case let plain?: Array("\(plain)".utf8)
          }
        try hold(own != nil && (expected == nil || expected == rest), "another name")
      }
      return true
    },
    DecoderCheck(
      "query of add",
      texts: [
        "cid-version=0&chunker=size-262144&pin=false", "raw-leaves&trickle=true&hash=blake3",
        "inline=true&inline%2Dlimit=64",
      ]
    ) { text in
      guard let options = try? AddOptions(query: text.utf8, over: .unixfsV1_2025) else { return false }
      try check(options.profile)
      return true
    },
    DecoderCheck("path of IPFS", texts: ["/ipfs/\(cidText)/a/b", "\(cidText)//a/", cidText]) { text in
      guard let path = try? IPFSPath(text.utf8) else { return false }
      try hold(path.names.allSatisfy(\.isPresentable), "a name that cannot be")
      let again = try IPFSPath(Array("/ipfs/\(path.root)".utf8) + path.names.flatMap { [0x2F] + $0.bytes })
      try hold(again.root == path.root && again.names == path.names, "another path")
      return true
    },
    DecoderCheck(
      "control request",
      texts: [
        #"{"request":"status"}"#, #"{"request":"unmount"}"#, #"{"request":"mount","arguments":["-o","ro","/m"]}"#,
      ]
    ) { line in
      guard let message = ControlMessage(line: Data(line.utf8)) else { return false }
      try checkCoding(message)
      return true
    },
    DecoderCheck(
      "mount status",
      texts: [
        """
        {"phase":"mounted","mountPoint":"/m","repo":"/r","pid":42,"uptime":1.5,"knownNodes":3,"openFiles":2,\
        "blocksWritten":7,"bytesWritten":1099511627776,"directoryBlocksEncoded":5,"failure":"some"}
        """
      ]
    ) { line in
      guard let status = try? JSONDecoder().decode(MountStatus.self, from: Data(line.utf8)) else { return false }
      try checkCoding(status)
      return true
    },
    DecoderCheck(
      "mount reply",
      texts: [
        #"{"mounted":{"line":"some"}}"#, #"{"share":{"_0":"/m"}}"#, #"{"refused":{"exitCode":3,"_1":"some"}}"#,
      ]
    ) { line in
      guard let reply = try? JSONDecoder().decode(MountReply.self, from: Data(line.utf8)) else { return false }
      try checkCoding(reply)
      return true
    },
    DecoderCheck("control socket", texts: ["{}\n", "a\nb\n", "\n\nrest", String(repeating: "long", count: 100) + "\n"])
    {
      text in
      let expected = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map { Data($0) }
      let lines = try received(Array(text.utf8))
      try hold(lines == expected, "other lines")
      return !lines.isEmpty
    },
    DecoderCheck(
      "mount table",
      texts: [
        """
        22 27 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw
        99 27 0:53 / /mnt/a\\040b\\134c rw,nosuid,nodev - fuse.swipfs swipfs:/r\\011x rw,user_id=0
        100 27 0:54 / /sys rw - tmpfs \u{301}none rw\r
        101 27 0:54 / /t rw - tmpfs none rw
        """
      ]
    ) { text in
      let table = MountTable(text)
      for row in table.rows {
        let line =
          "1 1 \(row.device) \(escaped(row.root)) \(escaped(row.mountPoint)) rw - \(row.type) \(escaped(row.source)) rw"
        try hold(MountTable(line).rows == [row], "another row: \(row)")
        try hold(table.top(at: row.mountPoint) != nil, "a row that is not found: \(row)")
      }
      return !table.rows.isEmpty
    },
    DecoderCheck(
      "groups of a process",
      texts: ["Name:\tcat\nUid:\t0\t0\t0\t0\nGroups:\t4 24 4294967295 \nNStgid:\t7\n", "Groups:\t7"]
    ) { text in
      let groups = Caller.groups(inStatus: Array(text.utf8))
      let line = "Groups:\t\(groups.map { "\($0) " }.joined())\n"
      try hold(Caller.groups(inStatus: Array(line.utf8)) == groups, "other groups: \(groups)")
      return !groups.isEmpty
    },
  ]

  /// A profile that options gave is one that files can be built with.
  private static func check(_ profile: ImportProfile?) throws {
    guard let profile else { return }
    let again = try ImportProfile(
      chunker: profile.chunker, layout: profile.layout, cidVersion: profile.cidVersion,
      hashFunction: profile.hashFunction, inlineLimit: profile.inlineLimit, rawLeaves: profile.rawLeaves,
      maxFileLinks: profile.maxFileLinks, sharding: profile.sharding)
    try hold(again == profile && again.fingerprint == profile.fingerprint, "another profile")
  }

  /// What was read from JSON is written and read again without a change.
  private static func checkCoding<Value: Codable>(_ value: Value) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = try encoder.encode(value)
    try hold(try encoder.encode(JSONDecoder().decode(Value.self, from: text)) == text, "another value")
  }

  /// The lines that one end of a socket gets when the other one sends bytes and hangs up.
  private static func received(_ bytes: [UInt8]) throws -> [Data] {
    var ends: [CInt] = [-1, -1]
    try hold(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0, "no sockets")
    defer { close(ends[0]) }
    let count = send(ends[1], bytes, bytes.count, 0)
    close(ends[1])
    try hold(count == bytes.count, "not all was sent")
    return Array(ControlLines(from: ends[0], limit: 64 << 10))
  }

  /// The kernel's form of a name.
  private static func escaped(_ name: String) -> String {
    let escapes: [UInt8: String] = [0x20: "\\040", 0x09: "\\011", 0x0A: "\\012", 0x5C: "\\134"]
    return String(decoding: name.utf8.flatMap { escapes[$0].map { Array($0.utf8) } ?? [$0] }, as: UTF8.self)
  }
}
