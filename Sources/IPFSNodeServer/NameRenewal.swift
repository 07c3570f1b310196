import IPFSNode
import Logging
import ServiceLifecycle

/// Signs the records of the node's names anew before they expire, as long as the node is served.
///
/// As Kubo does it: every four hours, for two days; the configuration's `Ipns.RepublishPeriod` and
/// `Ipns.RecordLifetime` come before that.
struct NameRenewal: Service {
  private let node: Node
  private let logger: Logger
  private let period: Duration
  private let lifetime: Int64

  private static let standardPeriod: Double = 4 * 3600

  init(_ node: Node, _ configuration: ConfigurationValue, _ logger: Logger) {
    self.node = node
    self.logger = logger
    func duration(_ key: String) -> String? {
      if case .string(let text)? = configuration["Ipns"]?[key], !text.isEmpty { text } else { nil }
    }
    let seconds = duration("RepublishPeriod").flatMap(Duration.goSeconds) ?? Self.standardPeriod
    period = .seconds(min(max(seconds, 60), 1e9))
    let nanoseconds = duration("RecordLifetime").flatMap(Duration.goNanoseconds) ?? 0
    lifetime = nanoseconds > 0 ? nanoseconds : IPNSRecord.defaultLifetime * 1_000_000_000
  }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do throws(NodeError) {
          try await node.renewNames(lifetime: lifetime)
        } catch {
          logger.error("names could not be renewed", metadata: ["error": "\(error)"])
        }
        try? await Task.sleep(for: period)
      }
    }
  }
}
