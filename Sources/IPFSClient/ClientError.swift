/// What went wrong with a command.
///
/// The kinds form the hierarchy of the Python client: ask a kind whether it is one of a group.
///
/// ```
///   versionMismatch                     the daemon's version is not one that this client knows
///   address                             an address of no known form
///   encoder error                       ┬ encoderMissing   ┬ encoding   └ decoding
///   communication error                 ┬ protocol   ┬ connection   ┬ timeout
///                                       └ status     └ errorResponse   └ partialErrorResponse
/// ```
///
/// A cancelled task gets `CancellationError` instead.
public struct ClientError: Error, Sendable {
  /// The kind of error.
  public struct Code: Hashable, Sendable {
    private enum Value: String {
      case versionMismatch, address, encoderMissing, encoding, decoding
      case `protocol`, status, errorResponse, partialErrorResponse, connection, timeout
    }

    private let value: Value

    private init(_ value: Value) { self.value = value }

    /// The daemon's version is outside the supported range, or blacklisted.
    public static let versionMismatch = Code(.versionMismatch)
    /// An address that is none of the supported forms.
    public static let address = Code(.address)
    /// A codec was asked for that does not exist.
    ///
    /// This library throws it nowhere, for types say how values are read and written. It is there so that code that
    /// follows the hierarchy of the Python client can name it.
    public static let encoderMissing = Code(.encoderMissing)
    /// A value or a header could not be written, or a file could not be read to be sent.
    public static let encoding = Code(.encoding)
    /// A reply could not be read as what it should be, or not be written to local files.
    public static let decoding = Code(.decoding)
    /// The peer does not speak the daemon's protocol: a web server, a redirect, broken HTTP.
    public static let `protocol` = Code(.protocol)
    /// An HTTP status that stands for an error, without the daemon's description of it.
    public static let status = Code(.status)
    /// The daemon's own description of an error.
    public static let errorResponse = Code(.errorResponse)
    /// An error after a part of the reply had come; ``ClientError/partial`` has what a collecting call had received.
    public static let partialErrorResponse = Code(.partialErrorResponse)
    /// The daemon could not be reached, or the connection broke.
    public static let connection = Code(.connection)
    /// Nothing came within the time allowed.
    public static let timeout = Code(.timeout)

    /// Whether it is about writing or reading values.
    public var isEncoderError: Bool { [.encoderMissing, .encoding, .decoding].contains(self) }

    /// Whether it is about talking to the daemon.
    public var isCommunicationError: Bool {
      switch value {
      case .protocol, .status, .errorResponse, .partialErrorResponse, .connection, .timeout: true
      case .versionMismatch, .address, .encoderMissing, .encoding, .decoding: false
      }
    }

    /// Whether it is an HTTP status that stands for an error, or one of the more precise kinds of that.
    public var isStatusError: Bool { [.status, .errorResponse, .partialErrorResponse].contains(self) }
  }

  /// The kind of error.
  public let code: Code
  /// What happened, for people; the daemon's message where it gave one.
  public let message: String
  /// The error below this one.
  public let cause: (any Error)?
  /// The command that failed, such as `files/stat`; nil for errors that are about none.
  public internal(set) var command: String?
  /// The HTTP status, if there was a reply.
  public let status: Int?
  /// The daemon's number for the error, which is 0 for almost all.
  public let daemonCode: Int?
  /// The bytes of the body that a collecting call had received before the error.
  public internal(set) var partial: [UInt8]

  /// Makes an error.
  ///
  /// - Parameters:
  ///   - code: The kind of error.
  ///   - message: What happened, for people.
  ///   - cause: The error below this one.
  ///   - command: The command that failed, such as `files/stat`.
  ///   - status: The HTTP status, if there was a reply.
  ///   - daemonCode: The daemon's number for the error.
  ///   - partial: What had arrived.
  public init(
    _ code: Code, _ message: String, cause: (any Error)? = nil, command: String? = nil, status: Int? = nil,
    daemonCode: Int? = nil, partial: [UInt8] = []
  ) {
    self.code = code
    self.message = message
    self.cause = cause
    self.command = command
    self.status = status
    self.daemonCode = daemonCode
    self.partial = partial
  }
}

extension ClientError: CustomStringConvertible {
  /// The command, the message and the cause.
  public var description: String {
    var text = command.map { "\($0): \(message)" } ?? message
    if let cause { text += " (\(cause))" }
    return text
  }
}

extension ClientError.Code: CustomStringConvertible {
  /// The name of the kind.
  public var description: String { value.rawValue }
}

extension ClientError {
  /// The same error with the command that failed.
  func of(_ command: String) -> ClientError {
    var error = self
    if error.command == nil { error.command = command }
    return error
  }
}
