/// Options that a method has no parameter for, in order: `["progress": true, "timeout": "30s"]`.
///
/// One that a method sets too replaces it, all its values; so does `arg` with all arguments.
public struct ExtraOptions: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  /// The value of an option: written as it is in a query.
  public struct Value: Hashable, Sendable, ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral
  {
    /// The text in the query.
    public let text: String

    /// A text.
    public init(_ text: String) { self.text = text }
    /// A text.
    public init(stringLiteral text: String) { self.text = text }
    /// `true` or `false`.
    public init(booleanLiteral value: Bool) { text = String(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { text = String(value) }
  }

  /// Names and values.
  public var pairs: [(name: String, value: Value)]

  /// Options of names and values; a name may come several times.
  public init(_ pairs: [(name: String, value: Value)]) { self.pairs = pairs }

  /// Options of names and values; a name may come several times.
  public init(dictionaryLiteral elements: (String, Value)...) {
    pairs = elements.map { (name: $0, value: $1) }
  }

  /// Whether both have the same pairs in the same order.
  public static func == (left: ExtraOptions, right: ExtraOptions) -> Bool {
    left.pairs.elementsEqual(right.pairs) { $0 == $1 }
  }

  /// Hashes the pairs.
  public func hash(into hasher: inout Hasher) {
    for pair in pairs {
      hasher.combine(pair.name)
      hasher.combine(pair.value)
    }
  }
}

/// How long to wait for the daemon.
///
/// Numbers are seconds; `.infinity` waits for ever: `timeout: 30`, `timeout: Timeouts(connect: 2, read: .infinity)`.
public struct Timeouts: Hashable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
  /// Seconds until a connection must stand, with TLS too. Waiting for other requests to end does not count.
  public var connect: Double
  /// Seconds within which the daemon must take or give something while a caller waits for it.
  public var read: Double

  /// One value for both.
  public init(_ seconds: Double) {
    connect = seconds
    read = seconds
  }

  /// A value for each.
  public init(connect: Double, read: Double) {
    self.connect = connect
    self.read = read
  }

  /// One value for both.
  public init(integerLiteral value: Int) { self.init(Double(value)) }
  /// One value for both.
  public init(floatLiteral value: Double) { self.init(value) }

  /// No limit.
  public static let infinite = Timeouts(.infinity)
}

/// What every method takes besides its own parameters.
package struct CallOptions: Sendable {
  var offline: Bool?
  var extra: ExtraOptions
  var timeout: Timeouts?

  package init(_ offline: Bool?, _ extra: ExtraOptions, _ timeout: Timeouts?) {
    self.offline = offline
    self.extra = extra
    self.timeout = timeout
  }
}
