import Foundation
import Multiformats

/// How a client reaches its daemon over HTTP.
public struct ClientConfiguration: Sendable {
  /// How a request shows that it may be made.
  public enum Authorization: Hashable, Sendable {
    /// A name and a password.
    case basic(username: String, password: String)
    /// A token.
    case bearer(token: String)
  }

  /// How the daemon's certificate is checked, for addresses that end in `/https`.
  public struct TLS: Hashable, Sendable {
    /// A file of certificates in PEM to trust; nil for those that the system trusts.
    public var trustedCertificates: String?
    /// Whether the certificate is checked at all.
    public var verifiesCertificate: Bool

    /// Makes a configuration.
    public init(trustedCertificates: String? = nil, verifiesCertificate: Bool = true) {
      self.trustedCertificates = trustedCertificates
      self.verifiesCertificate = verifiesCertificate
    }
  }

  /// How many bytes of a file are read and sent at once where nothing else is said.
  public static let defaultChunkSize = 256 << 10

  /// Where the daemon listens: `/{dns,dns4,dns6,ip4,ip6}/HOST/tcp/PORT[/http|/https]` or `/unix/PATH`; nil to look
  /// where a daemon would say it is.
  public var address: String?
  /// The path before all commands. What a URL cannot have is escaped, but what is escaped already stays as it is.
  public var basePath: String
  /// How a request shows that it may be made.
  public var authorization: Authorization?
  /// Cookies to send.
  public var cookies: [String: String]
  /// Headers to send.
  public var headers: [String: String]
  /// How long to wait; 120 seconds each where nothing else is said.
  public var timeouts: Timeouts
  /// How many bytes of a file are read and sent at once.
  public var chunkSize: Int
  /// What `offline` is where a call does not say; nil leaves it to the daemon.
  public var offline: Bool?
  /// How the daemon's certificate is checked.
  public var tls: TLS
  /// How many connections there are at a time, but for those of subscriptions and what else may last for ever. More
  /// requests wait for one; where none is left for 5 seconds there are more, for those that have one and wait for their
  /// callers may wait for these. A loop over a stream has one until it ends.
  public var connectionLimit: Int

  /// Makes a configuration.
  public init(
    address: String? = nil, basePath: String = "/api/v0", authorization: Authorization? = nil,
    cookies: [String: String] = [:], headers: [String: String] = [:], timeouts: Timeouts = 120,
    chunkSize: Int = defaultChunkSize, offline: Bool? = nil, tls: TLS = TLS(), connectionLimit: Int = 64
  ) {
    self.address = address
    self.basePath = basePath
    self.authorization = authorization
    self.cookies = cookies
    self.headers = headers
    self.timeouts = timeouts
    self.chunkSize = chunkSize
    self.offline = offline
    self.tls = tls
    self.connectionLimit = connectionLimit
  }

  /// Where the daemon of this user listens, as far as it can be known without asking it.
  ///
  /// The first that exists of `$IPFS_API`, the file `$IPFS_PATH/api` (`~/.ipfs/api` where that variable is not set), and
  /// `/ip4/127.0.0.1/tcp/5001`.
  ///
  /// - Parameter environment: The variables to look at; nil for those of this process.
  public static func discoverAddress(environment: [String: String]? = nil) -> String {
    let environment = environment ?? ProcessInfo.processInfo.environment
    if let address = environment["IPFS_API"], !address.isEmpty { return address }
    let home = environment["HOME"] ?? ""
    let folder: String
    if let path = environment["IPFS_PATH"], !path.isEmpty {
      // Kubo's own shorthand.
      folder = path == "~" || path.hasPrefix("~/") ? home + path.dropFirst() : path
    } else {
      folder = home + "/.ipfs"
    }
    let text = try? String(contentsOfFile: folder + "/api", encoding: .utf8)
    let address = text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    return address.isEmpty ? "/ip4/127.0.0.1/tcp/5001" : address
  }
}

/// Where a daemon listens, as a client connects to it.
package enum ClientAddress: Hashable, Sendable {
  /// A socket in the file system.
  case unix(path: String)
  /// A host and a port.
  case tcp(host: String, port: Int, isTLS: Bool, family: Family = .any)

  /// Which addresses a name may stand for.
  package enum Family: Hashable, Sendable {
    case any
    case ip4
    case ip6
  }

  /// Reads a multiaddr.
  ///
  /// - Throws: `address` for all but the forms that ``ClientConfiguration/address`` lists.
  package init(_ text: String) throws(ClientError) {
    let components: [Multiaddr.Component]
    do {
      components = try Multiaddr(text).components
    } catch {
      throw ClientError(.address, "\"\(text)\" is no address", cause: error)
    }
    let names = components.map(\.proto.name)
    if names == ["unix"] {
      self = .unix(path: components[0].text)
      return
    }
    guard names.count == 2 || names.count == 3, ["dns", "dns4", "dns6", "ip4", "ip6"].contains(names[0]),
      names[1] == "tcp", let port = Int(components[1].text), names.count == 2 || ["http", "https"].contains(names[2])
    else {
      throw ClientError(.address, "\"\(text)\" is no address of an HTTP server")
    }
    let family: Family =
      switch names[0] {
      case "dns4": .ip4
      case "dns6": .ip6
      default: .any
      }
    self = .tcp(host: components[0].text, port: port, isTLS: names.last == "https", family: family)
  }
}
