internal import Glibc

extension MultiaddrProtocol {
  /// How a value is written as text.
  enum ValueFormat: Sendable {
    /// There is none.
    case nothing
    /// Four numbers with points.
    case ip4
    /// Eight numbers with colons, the longest run of zeros left out (RFC 5952).
    case ip6
    /// A number of 16 bits.
    case port
    /// A number of eight bits.
    case byte
    /// A number of 64 bits.
    case number
    /// Text without a slash.
    case name
    /// A path that begins with a slash and does not end with one.
    case path
    /// Bytes, percent-encoded.
    case escaped
    /// The multihash of a peer's key: sha2-256 or identity.
    case peer
    /// A multihash in base64url.
    case hash

    /// The value of a text; nil if it is none.
    func bytes(_ text: String) -> [UInt8]? {
      switch self {
      case .nothing: text.isEmpty ? [] : nil
      case .ip4: Self.address(text, AF_INET, length: 4)
      case .ip6: Self.address(text, AF_INET6, length: 16)
      case .port: Self.number(text, as: UInt16.self)
      case .byte: Self.number(text, as: UInt8.self)
      case .number: Self.number(text, as: UInt64.self)
      case .name, .path: Array(text.utf8)
      case .escaped: Self.unescaped(text)
      case .peer: Self.peer(text)
      case .hash: try? Multibase.decode(text).bytes
      }
    }

    /// The text of a value; nil if the protocol does not have it.
    func text(_ bytes: [UInt8]) -> String? {
      switch self {
      case .nothing: return bytes.isEmpty ? "" : nil
      case .ip4: return bytes.map(String.init).joined(separator: ".")
      case .ip6: return Self.ip6(bytes)
      case .port, .byte, .number: return String(bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
      case .name:
        // A zero byte ends names where the system takes them.
        guard !bytes.isEmpty, !bytes.contains(UInt8(ascii: "/")), !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
      case .path:
        guard bytes.count > 1, bytes.first == UInt8(ascii: "/"), bytes.last != UInt8(ascii: "/"), !bytes.contains(0)
        else { return nil }
        return String(validating: bytes, as: UTF8.self)
      case .escaped: return bytes.isEmpty ? nil : Self.escaped(bytes)
      case .peer:
        guard let hash = try? Multihash(bytes: bytes),
          hash.code == .identity || hash.code == .sha2_256 && hash.digest.count == 32,
          // A longer one could not be read again.
          bytes.count <= 512
        else { return nil }
        return Multibase.base58btc.encodeWithoutPrefix(bytes)
      case .hash: return (try? Multihash(bytes: bytes)).map { _ in Multibase.base64URL.encode(bytes) }
      }
    }

    // MARK: Internet addresses

    private static func address(_ text: String, _ family: CInt, length: Int) -> [UInt8]? {
      var bytes = [UInt8](repeating: 0, count: length)
      // C would not see what follows a zero byte.
      guard !text.utf8.contains(0), inet_pton(family, text, &bytes) == 1 else { return nil }
      return bytes
    }

    private static func ip6(_ bytes: [UInt8]) -> String {
      // An address of version 4 in one of version 6.
      if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
        return "::ffff:" + bytes[12...].map(String.init).joined(separator: ".")
      }
      let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
      var longest = 0..<1
      var start = 0
      for index in 0...8 where index == 8 || groups[index] != 0 {
        if index - start > longest.count { longest = start..<index }
        start = index + 1
      }
      func text(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
      }
      guard longest.count > 1 else { return text(groups[...]) }
      return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }

    // MARK: Numbers

    private static func number<Number: FixedWidthInteger>(_ text: String, as type: Number.Type) -> [UInt8]? {
      // No sign, and no zero before the digits.
      guard let number = Number(text), String(number) == text else { return nil }
      return withUnsafeBytes(of: number.bigEndian, Array.init)
    }

    // MARK: Escapes

    private static func isUnreserved(_ byte: UInt8) -> Bool {
      let character = Character(Unicode.Scalar(byte))
      return byte < 0x80 && (character.isLetter || character.isNumber || "-_.~".contains(character))
    }

    private static func escaped(_ bytes: [UInt8]) -> String {
      bytes.map { byte in
        if isUnreserved(byte) { return String(Character(Unicode.Scalar(byte))) }
        return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }.joined()
    }

    private static func unescaped(_ text: String) -> [UInt8]? {
      var bytes: [UInt8] = []
      var rest = Array(text.utf8)[...]
      while let byte = rest.popFirst() {
        if byte != UInt8(ascii: "%") {
          bytes.append(byte)
          continue
        }
        guard rest.count >= 2, rest.prefix(2).allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
          let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
        else { return nil }
        bytes.append(value)
        rest = rest.dropFirst(2)
      }
      return bytes
    }

    // MARK: Peers

    /// A peer's name: base58btc of a multihash, or a CID of a key.
    private static func peer(_ text: String) -> [UInt8]? {
      if text.hasPrefix("Qm") || text.hasPrefix("1") {
        return try? Multibase.base58btc.decodeWithoutPrefix(text[...])
      }
      guard let cid = try? CID(text), cid.codec == .libp2pKey else { return nil }
      return cid.multihash.bytes
    }
  }
}
