// What a secret looks like: one row for each kind, found by a fixed beginning, so that a scan is one pass over the text.

export type SecretRule = {
  readonly id: string;
  readonly what: string;
  /** Fixed text at which the rule looks; letter case counts. */
  readonly starts: readonly string[];
  /** Matched from that text on; a group named `secret` is the secret, else the whole match is. */
  readonly pattern: RegExp;
  /** Least Shannon entropy of the secret, in bits a character, where the form alone says too little. */
  readonly entropy?: number;
};

/** Where a secret begins in a text, with its name or marker; the secret itself is not carried on. */
export type Hit = { readonly rule: string; readonly what: string; readonly at: number; readonly length: number };

type Row = readonly [id: string, what: string, starts: string | readonly string[], rest: string, entropy?: number];

const END = "(?![A-Za-z0-9_-])";

/** Beginning, then what follows it. Forms are from the providers' own documentation and from scanners' rule names. */
const rows: readonly Row[] = [
  // Keys of this house.
  ["age-identity", "age identity", "AGE-SECRET-KEY-1", "[02-9AC-HJ-NP-Z]{58}"],
  ["age-hybrid-identity", "age post-quantum identity", "AGE-SECRET-KEY-PQ-1", "[02-9AC-HJ-NP-Z]{58}"],
  ["age-plugin-identity", "age plugin identity", "AGE-PLUGIN-", "[A-Z0-9-]{1,40}-1[02-9AC-HJ-NP-Z]{20,}"],
  [
    "private-key",
    "private key",
    "-----BEGIN ",
    "(?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\\\r|\\\\n|[\\s+\"',>|-]|[A-Za-z-]{1,30}: [^\\n]{0,200}\\n){0,64}(?<secret>[A-Za-z0-9+/=]{40})",
  ],
  ["putty-key", "PuTTY private key", "PuTTY-User-Key-File-", "[23]: "],
  ["wireguard-key", "WireGuard private key", "PrivateKey", " ?= ?(?<secret>[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)"],
  // Models.
  ["anthropic-key", "Anthropic key", "sk-ant-", "(?:api|admin|oat|sid)[0-9]{2}-[A-Za-z0-9_-]{40,}"],
  ["openai-key", "OpenAI key", ["sk-proj-", "sk-svcacct-", "sk-admin-"], "[A-Za-z0-9_-]{40,}"],
  ["openrouter-key", "OpenRouter key", "sk-or-v1-", "[0-9a-f]{64}"],
  ["langfuse-key", "Langfuse secret key", "sk-lf-", "[0-9a-f]{8}-[0-9a-f-]{27}"],
  ["prefixed-key", "API key (LiteLLM and others)", "sk-", `(?<secret>[A-Za-z0-9]{22,64})${END}`, 3.5],
  ["groq-key", "Groq key", "gsk_", "[A-Za-z0-9]{48,}"],
  ["xai-key", "xAI key", "xai-", "[A-Za-z0-9]{70,}"],
  ["perplexity-key", "Perplexity key", "pplx-", "[A-Za-z0-9]{40,}", 3.5],
  ["replicate-token", "Replicate token", "r8_", `[A-Za-z0-9]{37}${END}`],
  ["huggingface-token", "Hugging Face token", ["hf_", "api_org_"], `[A-Za-z]{34}${END}`],
  ["nvidia-key", "NVIDIA key", "nvapi-", "[A-Za-z0-9_-]{60,}"],
  ["cerebras-key", "Cerebras key", "csk-", `[a-z0-9]{48}${END}`],
  ["langsmith-key", "LangSmith key", ["lsv2_pt_", "lsv2_sk_"], "[0-9a-f]{32}_[0-9a-f]{10}"],
  // Clouds.
  ["aws-access-key", "AWS access key id", ["AKIA", "ASIA", "ABIA", "ACCA"], `[A-Z2-7]{16}${END}`, 2.8],
  ["aws-bedrock-key", "AWS Bedrock key", ["ABSK", "bedrock-api-key-"], "[A-Za-z0-9+/=]{100,}"],
  ["gcp-key", "Google key", "AIza", `[A-Za-z0-9_-]{35}${END}`, 3.5],
  ["gcp-oauth-secret", "Google OAuth client secret", "GOCSPX-", "[A-Za-z0-9_-]{28}"],
  ["azure-client-secret", "Azure client secret", "Q~", `[A-Za-z0-9_~.-]{31,34}${END}`, 3.5],
  ["azure-storage-key", "Azure storage key", "AccountKey=", "(?<secret>[A-Za-z0-9+/]{86}==)"],
  ["digitalocean-token", "DigitalOcean token", ["dop_v1_", "doo_v1_", "dor_v1_"], "[0-9a-f]{64}"],
  ["cloudflare-ca-key", "Cloudflare origin CA key", "v1.0-", "[0-9a-f]{24}-[0-9a-f]{146}"],
  ["scaleway-key", "Scaleway access key", "SCW", `[A-Z0-9]{17}${END}`, 3],
  ["flyio-token", "Fly.io token", ["fo1_", "fm1_", "fm2_", "FlyV1 "], "[A-Za-z0-9+/_=,-]{40,}"],
  ["tailscale-key", "Tailscale key", "tskey-", "(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,}-[A-Za-z0-9]{20,}"],
  ["doppler-token", "Doppler token", "dp.", "(?:pt|st|sa|ct|scim|audit)\\.(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}"],
  ["onepassword-token", "1Password service account token", "ops_eyJ", "[A-Za-z0-9+/]{200,}"],
  ["vault-token", "Vault token", ["hvs.", "hvb.", "hvr."], "[A-Za-z0-9_-]{24,}", 3.5],
  ["terraform-token", "Terraform Cloud token", ".atlasv1.", "[A-Za-z0-9_=-]{60,70}"],
  ["pulumi-token", "Pulumi token", "pul-", `[0-9a-f]{40}${END}`],
  ["databricks-token", "Databricks token", "dapi", `[0-9a-f]{32}(?:-[0-9])?${END}`],
  [
    "planetscale-token",
    "PlanetScale credential",
    ["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
    "[A-Za-z0-9_.=-]{32,}",
  ],
  ["supabase-token", "Supabase token", ["sbp_", "sb_secret_"], "[A-Za-z0-9_-]{31,}"],
  // Code, packages, containers.
  ["github-token", "GitHub token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], `[A-Za-z0-9]{36,}${END}`],
  ["github-pat", "GitHub fine-grained token", "github_pat_", "[A-Za-z0-9_]{82}"],
  [
    "gitlab-token",
    "GitLab token",
    ["glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glagent-", "gloas-", "glsoat-", "glffct-", "glimt-"],
    "[A-Za-z0-9_.-]{20,}",
  ],
  ["gitea-token", "Forgejo or Gitea token", ["forgejo_", "gitea_"], `[0-9a-f]{40}${END}`],
  ["npm-token", "npm token", "npm_", `[A-Za-z0-9]{36}${END}`],
  ["pypi-token", "PyPI token", "pypi-AgE", "[A-Za-z0-9_-]{50,}"],
  ["rubygems-token", "RubyGems token", "rubygems_", "[0-9a-f]{48}"],
  ["crates-token", "crates.io token", "cio", `[A-Za-z0-9]{32}${END}`, 3.8],
  ["nuget-key", "NuGet key", "oy2", `[a-z0-9]{43}${END}`, 3.5],
  ["docker-token", "Docker Hub token", ["dckr_pat_", "dckr_oat_"], "[A-Za-z0-9_-]{27,}"],
  ["docker-swarm-token", "Docker Swarm token", ["SWMTKN-1-", "SWMKEY-1-"], "[A-Za-z0-9_+/-]{40,}"],
  ["artifactory-token", "Artifactory key", ["AKCp", "cmVmdGtu"], `[A-Za-z0-9]{56,69}${END}`, 3.5],
  ["buildkite-token", "Buildkite token", ["bkua_", "bkat_"], "[0-9a-f]{40}"],
  ["circleci-token", "CircleCI token", ["CCIPAT_", "CCIPRJ_"], "[A-Za-z0-9]{22}_[0-9a-f]{40}"],
  ["postman-key", "Postman key", "PMAK-", "[0-9a-f]{24}-[0-9a-f]{34}"],
  // Money, mail, messages, telemetry.
  ["stripe-key", "Stripe key", ["sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_"], "[A-Za-z0-9]{16,}", 3.2],
  ["square-token", "Square token", ["sq0csp-", "sq0atp-"], "[A-Za-z0-9_-]{22,}"],
  ["shopify-token", "Shopify token", ["shpat_", "shpca_", "shppa_", "shpss_"], "[0-9a-fA-F]{32}"],
  [
    "slack-token",
    "Slack token",
    ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-", "xoxe.xox", "xapp-"],
    "[A-Za-z0-9-]{20,}",
    2.8,
  ],
  ["slack-webhook", "Slack webhook", "hooks.slack.com/", "(?:services|workflows|triggers)/[A-Za-z0-9/_-]{40,}"],
  ["discord-webhook", "Discord webhook", "/api/webhooks/", "[0-9]{17,20}/[A-Za-z0-9_-]{60,}"],
  ["telegram-token", "Telegram bot token", ":AA", `[A-Za-z0-9_-]{33}${END}`, 3.5],
  ["sendgrid-key", "SendGrid key", "SG.", "[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}"],
  ["mailgun-key", "Mailgun key", "key-", `[0-9a-f]{32}${END}`],
  ["mailchimp-key", "Brevo key", "xkeysib-", "[0-9a-f]{64}-[A-Za-z0-9]{16}"],
  ["twilio-key", "Twilio key", "SK", `[0-9a-f]{32}${END}`, 3],
  ["sentry-token", "Sentry token", ["sntrys_", "sntryu_"], "[A-Za-z0-9+/=_-]{60,}"],
  ["grafana-token", "Grafana token", ["glsa_", "glc_"], "[A-Za-z0-9_+/=]{32,}"],
  ["newrelic-key", "New Relic key", "NRAK-", "[A-Z0-9]{27}"],
  ["posthog-key", "PostHog personal key", "phx_", "[A-Za-z0-9]{40,}"],
  ["linear-key", "Linear key", "lin_api_", "[A-Za-z0-9]{40}"],
  ["notion-token", "Notion token", "ntn_", "[0-9]{11}[A-Za-z0-9]{35}"],
  ["figma-token", "Figma token", ["figd_", "figu_"], "[A-Za-z0-9_-]{38,}"],
  ["atlassian-token", "Atlassian token", "ATATT3", "[A-Za-z0-9_=-]{180,}"],
  ["airtable-token", "Airtable token", "pat", "[A-Za-z0-9]{14}\\.[0-9a-f]{64}"],
  // In any system.
  ["jwt", "signed token (JWT)", "eyJ", "[A-Za-z0-9_-]{15,}\\.eyJ[A-Za-z0-9_-]{15,}\\.[A-Za-z0-9_-]{20,}"],
  [
    "url-password",
    "password in a URL",
    "://",
    "[A-Za-z0-9._~%+-]{0,64}:(?<secret>[^\\s:/@\"'`<>{}$*()\\\\\\[\\]]{8,128})@[A-Za-z0-9.\\[-]",
    2.5,
  ],
  [
    "basic-auth",
    "password in a header",
    ["Basic ", "basic "],
    "(?<secret>[A-Za-z0-9+/]{16,}={0,2})(?![A-Za-z0-9+/ ])",
    3.5,
  ],
  ["docker-auth", "registry password", '"auth": "', '(?<secret>[A-Za-z0-9+/]{16,}={0,2})"', 3],
  ["kubeconfig-key", "Kubernetes client key", "client-key-data:", " ?(?<secret>[A-Za-z0-9+/=]{100,})"],
];

function ruleOf([id, what, starts, rest, entropy]: Row): SecretRule {
  // Bounded, so that a crafted file cannot make a scan slow.
  const pattern = new RegExp(rest.replaceAll(/\{(\d+),\}/g, "{$1,1000}"), "y");
  const list = typeof starts === "string" ? [starts] : starts;
  return { id, what, starts: list, pattern, ...(entropy === undefined ? {} : { entropy }) };
}

export const secretRules: readonly SecretRule[] = rows.map(ruleOf);
