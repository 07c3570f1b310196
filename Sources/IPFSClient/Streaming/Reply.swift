import Foundation

/// A reply whose body is being read, by one task.
struct Reply: Sendable {
  let command: String
  let response: TransportResponse
  /// How many bytes of the body have come.
  private var received: Int64 = 0
  /// How many must come; nil if the daemon does not say.
  private var expected: Int64?
  /// What has come, if it is kept.
  private(set) var record: [UInt8]?

  /// The most bytes that are read of a reply that stands for an error.
  private static let errorLimit = 1 << 20

  init(command: String, response: TransportResponse) {
    self.command = command
    self.response = response
  }

  /// Takes the header `X-Content-Length` as the body's length.
  mutating func expectContentLength() {
    expected = response.headers["X-Content-Length"].flatMap { Int64($0) }
  }

  /// Keeps all that comes, for an error's `partial`.
  mutating func keepRecord() {
    record = []
  }

  /// Checks that this is a daemon's reply to a command that it could begin.
  func checkHead() async throws {
    let type = response.headers["Content-Type"] ?? ""
    if type.lowercased().hasPrefix("text/html") {
      throw ClientError(.protocol, "a web page came instead of a daemon's reply", status: response.status)
    }
    switch response.status {
    case 200..<300: return
    case 300..<400:
      throw ClientError(
        .protocol, "redirects are not followed: \(response.headers["Location"] ?? "")", status: response.status)
    default: throw await statusError()
    }
  }

  /// The error of a reply with a status that stands for one.
  private func statusError() async -> any Error {
    struct Description: Decodable {
      let message: String
      let code: Int?

      enum CodingKeys: String, CodingKey {
        case message = "Message"
        case code = "Code"
      }
    }

    var bytes: [UInt8] = []
    do {
      while bytes.count < Self.errorLimit, let chunk = try await response.body.next() { bytes += chunk }
    } catch let error as CancellationError {
      return error
    } catch {
      // The status says enough where its description was cut.
    }
    if let description = try? JSONDecoder().decode(Description.self, from: Data(bytes)) {
      return ClientError(
        .errorResponse, description.message, status: response.status, daemonCode: description.code)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    return ClientError(
      .status, text.isEmpty ? "HTTP status \(response.status)" : String(text.prefix { $0 != "\n" }),
      status: response.status)
  }

  /// Waits for the next chunk; nil at the end of a complete body.
  mutating func next() async throws -> [UInt8]? {
    do {
      if let chunk = try await response.body.next() {
        received += Int64(chunk.count)
        record? += chunk
        return chunk
      }
      if let message = response.body.trailers["X-Stream-Error"] {
        throw ClientError(.partialErrorResponse, message, status: response.status)
      }
      if let expected, received != expected {
        throw ClientError(
          .partialErrorResponse, "\(received) bytes came of \(expected)", status: response.status)
      }
      return nil
    } catch var error as ClientError {
      error.partial = record ?? []
      throw error.of(command)
    }
  }

  /// Waits for all of the body. An error has what had come.
  ///
  /// - Throws: `decoding` for more than `limit` bytes.
  mutating func collect(limit: Int64 = .max) async throws -> [UInt8] {
    keepRecord()
    while try await next() != nil {
      guard received <= limit else {
        throw ClientError(.decoding, "a value of more than \(limit) bytes", command: command, status: response.status)
      }
    }
    return record ?? []
  }
}
