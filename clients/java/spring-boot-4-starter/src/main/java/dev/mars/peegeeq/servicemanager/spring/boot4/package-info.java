/** The starter for Spring Boot 4. */
package dev.mars.peegeeq.servicemanager.spring.boot4;
