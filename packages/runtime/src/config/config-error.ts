/**
 * What is thrown when the configuration cannot be taken. It stands alone because the shape of the
 * configuration and the parsers of its values both need it.
 */

/** The configuration is wrong. The message is one line and says which key and what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
