/// An address: protocols one inside the other, each with its value, such as `/ip4/127.0.0.1/tcp/5001`.
///
/// ```
///   text     / name / value …             a protocol of a path takes all that is left
///   binary   code │ value …               codes and lengths are varints; a value has a fixed length, or one before it
/// ```
///
/// Both forms are checked and give the same address. See <https://multiformats.io/multiaddr/>.
public struct Multiaddr: Hashable, Sendable {
  /// A protocol with its value.
  public struct Component: Hashable, Sendable {
    /// The protocol.
    public let proto: MultiaddrProtocol
    /// The value in the binary form, without its length; empty where the protocol has none.
    public let bytes: [UInt8]
    /// The value in the text form, for paths with the slash that begins them; empty where the protocol has none.
    public let text: String
  }

  /// The components, the outermost first; one at least.
  public let components: [Component]

  /// Reads the text form. A slash at the end is ignored.
  ///
  /// - Throws: `invalidAddress` for an unknown protocol, or a value that is missing or not one of its protocol.
  public init(_ text: String) throws(MultiformatsError) {
    guard text.utf8.first == UInt8(ascii: "/") else {
      throw MultiformatsError(.invalidAddress, "address \"\(text.prefix(64))\" does not begin with a slash")
    }
    var parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)[1...]
    while parts.last?.isEmpty == true { parts.removeLast() }
    var components: [Component] = []
    while let part = parts.popFirst() {
      let name = String(Substring(part))
      guard let proto = MultiaddrProtocol(name: name) else {
        throw MultiformatsError(.invalidAddress, "unknown protocol \"\(name.prefix(64))\" in an address")
      }
      var value = ""
      if proto.hasValue {
        guard let first = parts.first else {
          throw MultiformatsError(.invalidAddress, "address ends where a value of \(proto.name) is due")
        }
        if proto.isPath {
          value = "/" + parts.map { String(Substring($0)) }.joined(separator: "/")
          parts = []
        } else {
          value = String(Substring(first))
          parts.removeFirst()
        }
      }
      components.append(try Component(proto, bytes: proto.bytes(value)))
    }
    try self.init(components: components)
  }

  /// Reads the binary form, which fills `bytes`.
  ///
  /// - Throws: `invalidAddress`, `truncated` or `invalidVarint`.
  public init(bytes: [UInt8]) throws(MultiformatsError) {
    var components: [Component] = []
    var position = 0
    while position < bytes.count {
      let code = try Varint.decode(bytes, at: &position)
      guard let proto = MultiaddrProtocol(code: code) else {
        throw MultiformatsError(.invalidAddress, "unknown protocol \(code) in an address")
      }
      let length: UInt64
      switch proto.length {
      case .none: length = 0
      case .fixed(let count): length = UInt64(count)
      case .prefixed: length = try Varint.decode(bytes, at: &position)
      }
      guard length <= UInt64(bytes.count - position) else {
        throw MultiformatsError(.truncated, "address ends within a value of \(proto.name)")
      }
      let end = position + Int(length)
      components.append(try Component(proto, bytes: Array(bytes[position..<end])))
      position = end
    }
    try self.init(components: components)
  }

  private init(components: [Component]) throws(MultiformatsError) {
    guard !components.isEmpty else { throw MultiformatsError(.invalidAddress, "an address without a protocol") }
    guard !components.dropLast().contains(where: \.proto.isPath) else {
      throw MultiformatsError(.invalidAddress, "an address goes on after a path")
    }
    self.components = components
  }

  /// The binary form.
  public var bytes: [UInt8] {
    var result: [UInt8] = []
    for component in components {
      Varint.append(component.proto.code, to: &result)
      if component.proto.length == .prefixed { Varint.append(UInt64(component.bytes.count), to: &result) }
      result.append(contentsOf: component.bytes)
    }
    return result
  }

  /// The value in the text form of the first component of a protocol, such as `tcp`; nil if there is none.
  public func value(of name: String) -> String? {
    components.first { $0.proto.name == name }?.text
  }
}

extension Multiaddr: CustomStringConvertible {
  /// The text form.
  public var description: String {
    components.map { component in
      guard component.proto.hasValue else { return "/\(component.proto.name)" }
      return "/\(component.proto.name)\(component.proto.isPath ? "" : "/")\(component.text)"
    }.joined()
  }
}

extension Multiaddr.Component {
  /// Checks a value by writing it as text.
  fileprivate init(_ proto: MultiaddrProtocol, bytes: [UInt8]) throws(MultiformatsError) {
    self.proto = proto
    self.bytes = bytes
    text = try proto.text(bytes)
  }
}
