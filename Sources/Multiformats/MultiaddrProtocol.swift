/// A protocol that an address may name.
///
/// See <https://github.com/multiformats/multiaddr/blob/master/protocols.csv>.
public struct MultiaddrProtocol: Sendable {
  /// How long its values are in the binary form.
  enum Length: Hashable, Sendable {
    /// There is no value.
    case none
    /// A number of bytes.
    case fixed(Int)
    /// As a varint before the value says.
    case prefixed
  }

  /// Its number in the multicodec table.
  public let code: UInt64
  /// Its name in texts.
  public let name: String
  let length: Length
  /// Whether its value takes all that is left of an address.
  let isPath: Bool
  private let format: ValueFormat

  private init(_ code: UInt64, _ name: String, _ length: Length, _ format: ValueFormat, isPath: Bool = false) {
    self.code = code
    self.name = name
    self.length = length
    self.format = format
    self.isPath = isPath
  }

  private init(_ code: UInt64, _ name: String) {
    self.init(code, name, .none, .nothing)
  }

  /// Whether it has a value.
  public var hasValue: Bool { length != .none }

  /// The value of a text.
  func bytes(_ text: String) throws(MultiformatsError) -> [UInt8] {
    guard let bytes = format.bytes(text) else {
      throw MultiformatsError(.invalidAddress, "\"\(text.prefix(64))\" is no value of \(name)")
    }
    return bytes
  }

  /// The text of a value.
  func text(_ bytes: [UInt8]) throws(MultiformatsError) -> String {
    guard let text = format.text(bytes) else {
      throw MultiformatsError(.invalidAddress, "a value of \(name) that it does not have")
    }
    return text
  }

  /// The protocols that addresses of Kubo have. One is added by an entry here.
  private static let table = [
    MultiaddrProtocol(4, "ip4", .fixed(4), .ip4), MultiaddrProtocol(6, "tcp", .fixed(2), .port),
    MultiaddrProtocol(273, "udp", .fixed(2), .port), MultiaddrProtocol(33, "dccp", .fixed(2), .port),
    MultiaddrProtocol(132, "sctp", .fixed(2), .port), MultiaddrProtocol(41, "ip6", .fixed(16), .ip6),
    MultiaddrProtocol(42, "ip6zone", .prefixed, .name), MultiaddrProtocol(43, "ipcidr", .fixed(1), .byte),
    MultiaddrProtocol(53, "dns", .prefixed, .name), MultiaddrProtocol(54, "dns4", .prefixed, .name),
    MultiaddrProtocol(55, "dns6", .prefixed, .name), MultiaddrProtocol(56, "dnsaddr", .prefixed, .name),
    MultiaddrProtocol(301, "udt"), MultiaddrProtocol(302, "utp"),
    MultiaddrProtocol(400, "unix", .prefixed, .path, isPath: true), MultiaddrProtocol(421, "p2p", .prefixed, .peer),
    MultiaddrProtocol(448, "tls"), MultiaddrProtocol(449, "sni", .prefixed, .name), MultiaddrProtocol(454, "noise"),
    MultiaddrProtocol(460, "quic"), MultiaddrProtocol(461, "quic-v1"), MultiaddrProtocol(465, "webtransport"),
    MultiaddrProtocol(466, "certhash", .prefixed, .hash), MultiaddrProtocol(480, "http"),
    MultiaddrProtocol(481, "http-path", .prefixed, .escaped), MultiaddrProtocol(443, "https"),
    MultiaddrProtocol(477, "ws"), MultiaddrProtocol(478, "wss"), MultiaddrProtocol(280, "webrtc-direct"),
    MultiaddrProtocol(281, "webrtc"), MultiaddrProtocol(275, "p2p-webrtc-star"),
    MultiaddrProtocol(276, "p2p-webrtc-direct"), MultiaddrProtocol(479, "p2p-websocket-star"),
    MultiaddrProtocol(290, "p2p-circuit"), MultiaddrProtocol(777, "memory", .fixed(8), .number),
  ]

  /// The protocol of a name; `ipfs` is an old one of `p2p`.
  public init?(name: String) {
    let name = name == "ipfs" ? "p2p" : name
    guard let entry = Self.table.first(where: { $0.name == name }) else { return nil }
    self = entry
  }

  /// The protocol of a number.
  public init?(code: UInt64) {
    guard let entry = Self.table.first(where: { $0.code == code }) else { return nil }
    self = entry
  }
}

extension MultiaddrProtocol: Hashable {
  /// Whether both are the same entry of the table.
  public static func == (left: MultiaddrProtocol, right: MultiaddrProtocol) -> Bool { left.code == right.code }

  /// Hashes the number.
  public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
