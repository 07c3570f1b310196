import Multiformats
import NIOCore

/// `multibase/*`.
let multibaseCommands: [Command] = [
  Command("multibase/encode", [.file("file")], options: [.init(.string, "b")]) { call in
    let base = try call.multibase(named: call.options.string("b") ?? "base64url")
    try await call.sendText(base.encode(try await call.textFile()))
  },
  Command("multibase/decode", [.file("encoded_file")]) { call in
    let bytes = try await call.decodedFile()
    try await call.reply.beginBytes()
    try await call.reply.write(ByteBuffer(bytes: bytes))
  },
  Command("multibase/transcode", [.file("encoded_file")], options: [.init(.string, "b")]) { call in
    let base = try call.multibase(named: call.options.string("b") ?? "base64url")
    try await call.sendText(base.encode(try await call.decodedFile()))
  },
  Command("multibase/list", options: [.init(.bool, "prefix"), .init(.bool, "numeric")]) { call in
    try await call.listMultibases()
  },
]

extension Call {
  /// The longest file that is converted, in bytes.
  private static let longestFile = 16 << 20

  fileprivate func textFile() async throws -> [UInt8] {
    guard try await files.next() != nil else { throw RPCError("failed to access file: file argument was nil") }
    return try await files.readAll(limit: Self.longestFile)
  }

  fileprivate func decodedFile() async throws -> [UInt8] {
    let text = String(decoding: try await textFile(), as: UTF8.self)
    do { return try Multibase.decode(text).bytes } catch {
      throw RPCError("failed to decode multibase: \(error.message)")
    }
  }

  fileprivate func sendText(_ text: String) async throws {
    try await reply.beginBytes()
    try await reply.write(ByteBuffer(string: text))
  }

  /// A base by its name.
  ///
  /// - Throws: For a name that is none.
  func multibase(named name: String) throws(RPCError) -> Multibase {
    // Go takes the prefix, too.
    if let base = Multibase(name: name) { return base }
    if let prefix = name.unicodeScalars.first, name.unicodeScalars.count == 1, let base = Multibase(prefix: prefix) {
      return base
    }
    throw RPCError("unsupported multibase encoding: \(name)")
  }

  /// All bases, with their prefixes' numbers.
  func listMultibases() async throws {
    let bases = Multibase.all.filter { !Self.unknownToKubo.contains($0) }
    try await reply.value(
      .array(bases.map { ["Code": .int(Int64($0.prefix.value)), "Name": .string($0.name)] }))
  }

  /// Bases that Kubo does not list.
  private static let unknownToKubo: Set<Multibase> = [.base8, .base10, .base32Z]
}
